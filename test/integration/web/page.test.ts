import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../../e2e/support/browser.ts';
import { fakeFragment, START_MS } from '../../unit/server/web/support/fake-streams.ts';
import { startWeb, type WebHarness } from '../../unit/server/web/support/web-harness.ts';

/** The page in Chromium over streams in memory: all that needs no media. Playback: test/e2e/viewers/watch.test.ts. */

let browser: Browser;

before(async () => {
  browser = await launchChromium();
});

after(() => browser.close());

/** Opens a page; anything that it throws, or that its content security policy refuses, fails the test. */
async function openPage(t: TestContext, url: string, viewport = { width: 1280, height: 800 }): Promise<Page> {
  const page = await browser.newPage({ viewport });
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) faults.push(message.text());
  });
  t.after(async () => {
    await page.close();
    assert.deepEqual(faults, []);
  });
  await page.goto(url);
  return page;
}

function loginUrl(web: WebHarness): string {
  return `${web.url}/login?token=${web.access.createLoginToken(web.keys.listKeys()[0]?.id ?? '', web.nowMs)}`;
}

test('whoever is not known is asked to sign in, and can do so with a key', async (t) => {
  const web = await startWeb(t);
  web.streams.add('front-door', [fakeFragment(0)]).isLive = false;
  const key = web.keys.add([{ action: 'view', stream: '*' }], web.nowMs);
  const page = await openPage(t, web.url);
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.getByLabel('Key secret').fill('wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('No key has this secret.').waitFor();
  await page.getByLabel('Key secret').fill(key.secret);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'front-door' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});

test('a login link that was used says so, and leaves no token in the address', async (t) => {
  const web = await startWeb(t);
  const url = loginUrl(web);
  await (await web.request(url.slice(web.url.length))).body?.cancel();
  const page = await openPage(t, url);
  await page.getByText('This login link was used before, or has expired.').waitFor();
  assert.equal(page.url(), `${web.url}/`);
});

test('an empty server tells how to push, with a stream key of its own', async (t) => {
  const web = await startWeb(t);
  const page = await openPage(t, loginUrl(web));
  await page.getByRole('heading', { name: 'No camera yet' }).waitFor();
  await page.getByLabel('Name of the camera').fill('garage');
  await page.getByRole('button', { name: 'Make a stream key' }).click();
  const command = (await page.locator('code').first().textContent()) ?? '';
  const [, secret] = /rtmp:\/\/127\.0\.0\.1:1935\/live\/garage\?key=([\w-]+)/.exec(command) ?? [];
  const recognition = web.access.recognizeSecret(secret, '', web.nowMs);
  assert.ok(recognition.ok);
  assert.equal(recognition.principal.may({ action: 'publish', stream: 'garage' }), true);
  assert.equal(recognition.principal.may({ action: 'publish', stream: 'other' }), false);
  assert.ok(web.streams.streams.has('garage'));
});

test('a camera that is offline says since when, and offers its last minute', async (t) => {
  const web = await startWeb(t);
  web.nowMs = START_MS + 600_000;
  web.streams.add('garage', [fakeFragment(0), fakeFragment(1)]).isLive = false;
  const page = await openPage(t, loginUrl(web));
  await page.getByText(/The camera is offline\. Last picture 10 min ago/).waitFor();
  await page.getByRole('button', { name: 'Watch the last minute' }).waitFor();
  await page.getByText('until space is needed').or(page.getByText('24 h')).waitFor();
});

test('streams come and go in the list, with what they send', async (t) => {
  const web = await startWeb(t);
  const cam = web.streams.add('cam', [fakeFragment(0)]);
  web.streams.opened.add('cam');
  const page = await openPage(t, loginUrl(web));
  await page.getByText('720p · H.264 · 30 fps · 2.0 Mb/s').waitFor();
  cam.isLive = false;
  web.streams.add('yard').isLive = false;
  await page.getByText(/last seen/).waitFor();
  await page.getByRole('button', { name: 'yard' }).click();
  await page.waitForURL(/#stream=yard$/);
  await web.streams.delete('cam');
  await page.getByTitle('cam', { exact: true }).waitFor({ state: 'detached' });
});

test('a server that does not answer is said, and found again', async (t) => {
  const web = await startWeb(t);
  web.streams.add('cam').isLive = false;
  const page = await openPage(t, loginUrl(web));
  await page.getByTitle('cam', { exact: true }).waitFor();
  await page.context().setOffline(true);
  await page.getByText('The server does not answer. Trying again…').waitFor();
  await page.context().setOffline(false);
  await page.getByText('The server does not answer. Trying again…').waitFor({ state: 'hidden' });
});

test('the time line shows recorded stretches and tells the time under the pointer', async (t) => {
  const web = await startWeb(t);
  web.nowMs = Date.now();
  const at = (ordinal: number, agoMs: number) => fakeFragment(ordinal, { producerMs: web.nowMs - agoMs });
  web.streams.add('cam', [at(0, 300_000), at(1, 298_000)]).isLive = false;
  const page = await openPage(t, loginUrl(web));
  const timeline = page.getByRole('slider', { name: /Time line/ });
  await page.getByRole('button', { name: '10 min' }).click();
  const box = await timeline.boundingBox();
  assert.ok(box);
  // The view ends 2 % of its length after now.
  const x = box.x + box.width * (1 - (299_000 + 12_000) / 600_000);
  const tip = timeline.locator('output');
  await page.mouse.move(x, box.y + 40);
  await page.waitForFunction(
    ([text]) => text !== undefined && !text.textContent?.includes('nothing recorded'),
    await timeline.locator('output').elementHandles(),
  );
  assert.match((await tip.textContent()) ?? '', /\d\d:\d\d:\d\d$/);
  await page.mouse.move(x - 100, box.y + 40);
  assert.match((await tip.textContent()) ?? '', /nothing recorded$/);
});

test('at the width of a phone nothing is cut off', async (t) => {
  const web = await startWeb(t);
  for (const name of ['front-door', 'garage', 'a-stream-with-a-rather-long-name.of-the-camera']) {
    web.streams.add(name).isLive = false;
  }
  const page = await openPage(t, loginUrl(web), { width: 390, height: 844 });
  await page.getByRole('button', { name: 'garage' }).waitFor();
  assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 390);
});
