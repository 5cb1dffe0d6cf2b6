import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { describeError } from '../../../../server/cli/describe-error.ts';
import { runProgram } from '../../../../server/cli/program.ts';
import { CommandError } from '../../../../server/cli/usage-error.ts';
import { RtmpError } from '../../../../server/ingest/rtmp/rtmp-error.ts';
import { framelog, LAUNCHER, outcomeOf, startFramelog } from './support/framelog.ts';

const COMMANDS = [
  'serve',
  'demo',
  'push',
  'inspect',
  'verify',
  'keys create',
  'keys list',
  'keys revoke',
  'models list',
  'models add',
  'models try',
];

/** Runs in this process. */
async function run(...args: string[]) {
  const said = { out: '', err: '' };
  const status = await runProgram(args, {
    env: {},
    errIsTty: false,
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
  });
  return { status, ...said };
}

describe('the program', () => {
  it('tells its version', async () => {
    const { version } = JSON.parse(
      readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8'),
    );
    const { status, stdout } = await framelog(['--version']);
    assert.equal(status, 0);
    assert.equal(stdout, `framelog ${version} (Node ${process.versions.node})\n`);
  });

  it('lists its commands', async () => {
    for (const args of [['--help'], ['-h'], ['help']]) {
      const { status, out } = await run(...args);
      assert.equal(status, 0);
      for (const command of COMMANDS) assert.ok(out.includes(`\n  ${command} `), command);
    }
    assert.equal((await run()).status, 2, 'a command was expected');
    assert.match((await run('keys', '--help')).out, /keys create .*keys list .*keys revoke /s);
  });

  it('has help with examples for every command', async () => {
    for (const command of COMMANDS) {
      const { status, out, err } = await run(...command.split(' '), '--help');
      assert.equal(err, '', command);
      assert.equal(status, 0, command);
      assert.ok(out.includes(`Usage: framelog ${command}`), command);
      assert.match(out, /Examples:\n {2}framelog /, command);
      for (const line of out.split('\n')) assert.ok(line.length <= 120, `${command}: ${line}`);
    }
  });

  it('refuses what it does not know with status 2 and a suggestion', async () => {
    const cases: [string[], RegExp][] = [
      [['sreve'], /unknown command sreve; did you mean serve\?\nSee framelog --help\n$/],
      [['zzzzzz'], /unknown command zzzzzz\n/],
      [['keys', 'ls'], /unknown command keys ls\n?/],
      [['keys', 'revok', 'X'], /did you mean keys revoke\?/],
      [
        ['serve', '--htpp', 'x'],
        /framelog serve: unknown option --htpp; did you mean --http\?\nSee framelog serve --help/,
      ],
      [['serve', '--http', 'nonsense'], /--http must be HOST:PORT/],
      [['serve', '--set', 'live.partMS=5'], /did you mean live\.partMs\?/],
      [['serve', '--part-ms', '5'], /live\.partMs must be a whole number from 200 to 1000, not 5/],
      [['serve', '--open', '--http', '0.0.0.0:0'], /loopback only, not on 0\.0\.0\.0/],
      [['push', 'file'], /RTMP_URL is missing/],
      [['push', 'file', 'rtmp://h/live/cam', '--count', '2'], /--count needs \{n\} in the URL/],
      [['push', 'file', 'rtmp://h/live/{n}', '--count', '0'], /--count must be/],
      [['push', 'file', 'rtmp://h/live/cam', '--speed', '-1'], /--speed needs a value|--speed must be/],
      [['push', 'file', 'rtmp://h/live/cam', '--speed=0'], /--speed must be/],
    ];
    for (const [args, expected] of cases) {
      const { status, out, err } = await run(...args);
      assert.equal(status, 2, args.join(' '));
      assert.equal(out, '', args.join(' '));
      assert.match(err, expected);
    }
  });

  it('tells of failures with status 1', async () => {
    const { status, err } = await run(
      'push',
      '/missing/file.mp4',
      'rtmp://user:hidden@127.0.0.1:1/live/cam?key=hidden',
    );
    assert.equal(status, 1);
    assert.match(err, /^framelog push: rtmp:\/\/\*\*\*@127\.0\.0\.1:1\/live\/cam\?key=\*\*\*: ENOENT/);
  });
});

it('errors about the world are told in words, bugs with their place', () => {
  assert.equal(describeError(new CommandError('no such key')), 'no such key');
  assert.equal(describeError(new RtmpError('refused', 'said no')), 'said no');
  assert.match(
    describeError(Object.assign(new Error('listen'), { code: 'EADDRINUSE', address: '::1', port: 80 })),
    /::1:80 is in use already/,
  );
  assert.match(
    describeError(Object.assign(new Error('listen'), { code: 'EACCES', address: '::1', port: 80 })),
    /not allowed to listen on ::1:80/,
  );
  assert.match(describeError(new TypeError('oops')), /^TypeError: oops\n {4}at /);
  assert.match(
    describeError(Object.assign(new TypeError('oops'), { code: 'ERR_INVALID_ARG_TYPE' })),
    /\n {4}at /,
  );
  assert.equal(describeError('text'), 'text');
});

describe('the launcher', () => {
  /** Makes the launcher think that it runs on an old Node. */
  const asOldNode = [
    '--import',
    'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.20.2"})',
  ];

  it('goes over to the bundled Node when its own is too old, with arguments and exit status', async () => {
    const version = await outcomeOf(startFramelog(['--version'], {}, asOldNode));
    assert.equal(version.status, 0);
    assert.match(version.stdout, /^framelog .* \(Node 24\./);
    assert.equal((await outcomeOf(startFramelog(['nonsense'], {}, asOldNode))).status, 2);
  });

  it('gives the pool of threads room, unless told otherwise', async () => {
    const script = `process.argv.splice(1, Infinity, '', '--version');
      process.on('exit', () => console.log(process.env.UV_THREADPOOL_SIZE));
      await import(${JSON.stringify(LAUNCHER)});`;
    for (const [given, expected] of [
      [undefined, '16'],
      ['5', '5'],
    ] as const) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        env: { ...process.env, UV_THREADPOOL_SIZE: given },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      assert.equal((await outcomeOf(child)).stdout.split('\n')[1], expected);
    }
  });
});
