import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { launchChromium } from './support/browser.ts';
import { shownState } from './support/page.ts';
import { type Listening, spawnFramelog } from './support/server.ts';
import { until } from './support/until.ts';

test('the demo shows its camera to whoever follows the login link, once', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'framelog-demo-'));
  const child = spawnFramelog([
    'demo',
    '--json',
    '--data',
    dataDir,
    '--http',
    '127.0.0.1:0',
    '--rtmp',
    '127.0.0.1:0',
  ]);
  const exited = once(child, 'exit');
  const browser = await launchChromium();
  try {
    assert.ok(child.stdout);
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const { loginUrl } = JSON.parse(line) as Listening;
    assert.ok(loginUrl);
    const page = await browser.newPage();
    await page.goto(loginUrl);
    assert.ok(!page.url().includes('token='), 'the token does not stay in the address');
    await until('the live picture', async () => (await shownState(page)).isPlaying);
    assert.notEqual((await fetch(loginUrl, { redirect: 'manual' })).status, 302, 'the link works once');
  } finally {
    await browser.close();
    child.kill('SIGTERM');
    const [code] = (await exited) as [number | null];
    rmSync(dataDir, { recursive: true, force: true });
    assert.equal(code, 0);
  }
});
