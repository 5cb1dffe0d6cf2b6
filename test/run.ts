/**
 * The test command (`npm test`): makes sure that the foreign programs of the end-to-end tests are there, then runs the
 * type checker, the linter and every test. Fails when a test fails, and when one was skipped.
 *
 *   npm test                 everything
 *   npm test -- unit         only the groups named: check, unit, integration, fuzz, e2e, viewers
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

interface Need {
  readonly name: string;
  /** Shell command that succeeds when it is there. */
  readonly probe: string;
  readonly debianPackage: string;
}

const inPath = (command: string): string => `command -v ${command}`;

const NEEDS: readonly Need[] = [
  { name: 'ffmpeg', probe: inPath('ffmpeg'), debianPackage: 'ffmpeg' },
  { name: 'ffprobe', probe: inPath('ffprobe'), debianPackage: 'ffmpeg' },
  { name: 'chromium', probe: inPath('chromium'), debianPackage: 'chromium' },
  { name: 'mkvinfo', probe: inPath('mkvinfo'), debianPackage: 'mkvtoolnix' },
  // Debian's own, whatever other versions are in the PATH: see test/integration/aws/support/python-clients.ts.
  { name: 'aws', probe: 'test -x /usr/bin/aws', debianPackage: 'awscli' },
  // In sbin, which is not in everybody's PATH.
  { name: 'mosquitto', probe: 'test -x /usr/sbin/mosquitto', debianPackage: 'mosquitto' },
  { name: 'boto3', probe: '/usr/bin/python3 -c "import boto3"', debianPackage: 'python3-boto3' },
];

/** Groups of test files, run one group after the other; `concurrency` files of it at a time. */
const GROUPS = [
  { name: 'unit', glob: 'test/unit/**/*.test.ts', concurrency: 3 },
  { name: 'integration', glob: 'test/integration/**/*.test.ts', concurrency: 3 },
  { name: 'fuzz', glob: 'test/fuzz/*.test.ts', concurrency: 1 },
  { name: 'e2e', glob: 'test/e2e/*.test.ts', concurrency: 2 },
  // One at a time: browsers and players that must keep up.
  { name: 'viewers', glob: 'test/e2e/viewers/*.test.ts', concurrency: 1 },
];

function succeeds(shellCommand: string): boolean {
  return spawnSync('sh', ['-c', shellCommand], { stdio: 'ignore' }).status === 0;
}

function installMissing(): void {
  const missing = NEEDS.filter((need) => !succeeds(need.probe));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((need) => need.debianPackage))];
  const isRoot = process.getuid?.() === 0;
  const canSudo = !isRoot && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  if (!succeeds(inPath('apt-get')) || !(isRoot || canSudo)) {
    console.error(`The end-to-end tests need: ${missing.map((need) => need.name).join(', ')}.`);
    console.error(
      `Install them and run this again. On Debian or Ubuntu: sudo apt-get install ${packages.join(' ')}`,
    );
    process.exit(1);
  }
  console.log(`Installing for the tests: ${packages.join(', ')}`);
  const prefix = isRoot ? [] : ['sudo', '-n'];
  const steps = [
    ['apt-get', 'update', '-q'],
    ['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...packages],
  ];
  for (const step of steps) {
    const [command = '', ...args] = [...prefix, ...step];
    const outcome = spawnSync(command, args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (outcome.status !== 0) {
      console.error(`${step.join(' ')} failed`);
      process.exit(1);
    }
  }
}

function check(): void {
  for (const [command, ...args] of [
    ['tsc', '-p', 'tsconfig.json'],
    ['tsc', '-p', 'server/web/page'],
    ['biome', 'check', '.'],
  ]) {
    console.log(`> ${command} ${args.join(' ')}`);
    const outcome = spawnSync(command ?? '', args, { stdio: 'inherit' });
    if (outcome.status !== 0) process.exit(1);
  }
}

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

async function runGroup(group: (typeof GROUPS)[number], totals: Totals): Promise<void> {
  const files = globSync(group.glob).sort();
  if (files.length === 0) return;
  console.log(`> ${group.name}: ${files.length} files`);
  const stream = run({ files, concurrency: group.concurrency, timeout: 600_000 });
  stream.on('test:summary', (summary) => {
    if (summary.file !== undefined) return;
    const { tests, passed, skipped, todo } = summary.counts;
    totals.passed += passed;
    totals.skipped += skipped + todo;
    totals.failed += tests - passed - skipped - todo;
    // A file that could not be loaded fails the run without counting as a test.
    if (!summary.success && tests === passed + skipped + todo) totals.failed += 1;
  });
  for await (const line of stream.compose(new spec())) process.stdout.write(line);
}

// Hundreds of processes load the same sources: what the first has compiled saves the others a third of their time.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'framelog-compile-cache');

const wanted = process.argv.slice(2);
const known = ['check', ...GROUPS.map((group) => group.name)];
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`No such group: ${unknown.join(', ')}. There are: ${known.join(', ')}`);
  process.exit(2);
}
const wants = (name: string): boolean => wanted.length === 0 || wanted.includes(name);

installMissing();
if (wants('check')) check();
const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
for (const group of GROUPS) {
  if (wants(group.name)) await runGroup(group, totals);
}
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
if (totals.skipped > 0) console.error('Skipped tests count as failures: every test must run.');
process.exit(totals.failed + totals.skipped > 0 ? 1 : 0);
