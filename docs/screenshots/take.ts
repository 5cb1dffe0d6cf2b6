/**
 * Takes the README's picture of the page: the demo, as a user starts it, after it has recorded for a while.
 *
 *   node docs/screenshots/take.ts [seconds=120]
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { launchChromium } from '../../test/e2e/support/browser.ts';
import { shownState } from '../../test/e2e/support/page.ts';
import { type Listening, spawnFramelog } from '../../test/e2e/support/server.ts';
import { until } from '../../test/e2e/support/until.ts';

const MAX_BYTES = 300_000;
const recordMs = Number(process.argv[2] ?? 120) * 1000;
const path = fileURLToPath(new URL('./page.png', import.meta.url));

const dataDir = mkdtempSync(join(tmpdir(), 'framelog-screenshot-'));
const ports = ['--http', '127.0.0.1:0', '--rtmp', '127.0.0.1:0'];
const demo = spawnFramelog(['demo', '--json', '--data', dataDir, ...ports]);
const exited = once(demo, 'exit');
const browser = await launchChromium();
try {
  if (demo.stdout === null) throw new Error('the demo has no stdout');
  const [line] = (await once(createInterface({ input: demo.stdout }), 'line')) as [string];
  const { loginUrl } = JSON.parse(line) as Listening;
  if (loginUrl === undefined) throw new Error('the demo printed no login link');
  const page = await browser.newPage({
    viewport: { width: 1280, height: 800 },
    colorScheme: 'light',
    locale: 'en-GB',
    timezoneId: 'UTC',
  });
  await page.goto(loginUrl);
  await page.getByRole('button', { name: '10 min' }).click();
  const startMs = Date.now();
  const showsEnough = async () => (await shownState(page)).isPlaying && Date.now() - startMs > recordMs;
  await until('a live picture and something recorded', showsEnough, recordMs + 30_000);
  await page.screenshot({ path });
} finally {
  await browser.close();
  demo.kill('SIGTERM');
  await exited;
  rmSync(dataDir, { recursive: true, force: true });
}
const { size } = statSync(path);
if (size > MAX_BYTES) throw new Error(`${path} has ${size} bytes, more than ${MAX_BYTES}`);
