import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { makeCounterClip } from '../../support/counter-clip.ts';
import { launchChromium } from '../support/browser.ts';
import { pushWithFfmpeg } from '../support/media.ts';
import { shownState } from '../support/page.ts';
import { type ScriptedServer, seen, startScriptedServer } from '../support/scripted-detection.ts';
import { until } from '../support/until.ts';

const FRAME_MS = 40;
const GOP = 25;
/** Frames of the clip, which goes round. */
const LOOP = 300;
/** Frames at which something enters: none of them begins a fragment. */
const ENTERS = new Set([57, 113, 161]);

let server: ScriptedServer;
let camera: ChildProcess;
let browser: Browser;
let folder: string;

/** What is in front of the camera moves a little with each frame. */
const leftAt = (frame: number) => 0.05 + (frame % LOOP) * 0.0025;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'framelog-counter-'));
  const clip = join(folder, 'clip.mp4');
  makeCounterClip(clip, {
    seconds: LOOP / 25,
    encoder: ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-g', String(GOP), '-sc_threshold', '0'],
  });
  server = await startScriptedServer(({ frame, index }) => {
    const box = [leftAt(index), 0.25, 0.15, 0.5] as const;
    const before = [...ENTERS].findLast((enter) => enter < index);
    if (ENTERS.has(index)) {
      const leaves =
        before === undefined
          ? []
          : [{ trackId: `t${before}`, label: 'person', box, phase: 'leave' as const }];
      return seen('cam', frame, [...leaves, { trackId: `t${index}`, label: 'person', box, phase: 'enter' }]);
    }
    // Five looks a second, and what entered last is still there.
    if (index % 5 !== 0 || before === undefined) return undefined;
    const phase = index % 25 === 0 ? 'update' : undefined;
    const thing = { trackId: `t${before}`, label: 'person', box };
    return seen('cam', frame, [phase === undefined ? thing : { ...thing, phase }]);
  });
  camera = pushWithFfmpeg(clip, `${server.rtmpUrl}/live/cam`, { loop: true });
  browser = await launchChromium();
  await until('the third event', async () => (await eventFrames()).length === ENTERS.size);
});

after(async () => {
  await browser.close();
  camera.kill('SIGTERM');
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Which frames of the clip the events are of, newest first: told by their fragments and offsets. */
async function eventFrames(): Promise<number[]> {
  const read = async (path: string) => (await fetch(`${server.httpUrl}${path}`)).json();
  const { events } = (await read('/api/events?stream=cam&type=object&phase=enter')) as {
    events: { fragmentNumber: string; frameOffsetMs: number }[];
  };
  if (events.length === 0) return [];
  const { fragments } = (await read('/api/streams/cam/fragments?limit=1000')) as {
    fragments: { number: string }[];
  };
  return events.flatMap(({ fragmentNumber, frameOffsetMs }) => {
    const index = fragments.findIndex(({ number }) => number === fragmentNumber);
    return index < 0 ? [] : [index * GOP + Math.round(frameOffsetMs / FRAME_MS)];
  });
}

async function openPage(): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 860 } });
  await page.goto(`${server.httpUrl}/#stream=cam`);
  await until('the live picture', async () => (await shownState(page)).isPlaying);
  return page;
}

/** The number that stands in the picture on the screen, as bits from the left. In the words of the browser. */
function counterOf(page: Page): Promise<number> {
  return page.evaluate(`(() => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 12, height: 1 });
    const context = canvas.getContext('2d');
    context.imageSmoothingEnabled = false;
    context.drawImage(document.getElementById('video'), 0, 0, 12, 1);
    const { data } = context.getImageData(0, 0, 12, 1);
    let number = 0;
    for (let bit = 0; bit < 12; bit++) if (data[bit * 4] > 128) number += 2 ** bit;
    return number;
  })()`);
}

/** Where the leftmost box begins, as a fraction of the picture; `null` when none is drawn. */
function boxLeft(page: Page): Promise<number | null> {
  return page.evaluate(`(() => {
    const canvas = document.getElementById('boxes');
    const row = canvas.getContext('2d').getImageData(0, canvas.height >> 1, canvas.width, 1).data;
    for (let x = 0; x < canvas.width; x++) if (row[x * 4 + 3] > 200) return (x + 2) / canvas.width;
    return null;
  })()`);
}

const someBox = async (page: Page) => (await boxLeft(page)) ?? undefined;

test('a click on an event shows its very frame, with the box where it was', async () => {
  const page = await openPage();
  const frames = await eventFrames();
  assert.deepEqual(
    frames.toSorted((a, b) => a - b),
    [...ENTERS],
    'the script and the fragments count alike',
  );
  for (const [row, frame] of frames.entries()) {
    const event = page.locator('.event').nth(row);
    await event.click();
    await until(`frame ${frame}`, async () => {
      const { mode, status } = await shownState(page);
      return mode === 'replay' && status === 'ready' && (await counterOf(page)) === frame;
    });
    const left = await until('its box', () => someBox(page));
    assert.ok(Math.abs(left - leftAt(frame)) < 0.01, `the box of ${frame} is at ${left}`);
    await until('it is marked', async () => (await event.getAttribute('aria-current')) === 'true');
  }
  await page.close();
});

test('boxes go with the live picture, and can be hidden', async () => {
  const page = await openPage();
  await until('a box over the live picture', () => someBox(page));
  await until(
    'it is told in words',
    async () => (await page.locator('#seen-now').textContent()) === '1 person',
  );
  const toggle = page.locator('#show-boxes');
  await toggle.click();
  assert.equal(await toggle.getAttribute('aria-pressed'), 'false');
  await until('no box', async () => (await boxLeft(page)) === null);
  await page.reload();
  await until('the live picture', async () => (await shownState(page)).isPlaying);
  assert.equal(await toggle.getAttribute('aria-pressed'), 'false', 'it is remembered');
  await toggle.click();
  await until('a box again', () => someBox(page));
  await page.close();
});

test('an admin sets how the stream is watched', async () => {
  const page = await openPage();
  await page.getByRole('button', { name: 'Detection…' }).click();
  await page.getByLabel('Frames that are looked at').selectOption('keyframes');
  await page.getByLabel('Labels').fill('person, vehicle, person');
  await page.getByLabel('Pass over frames').uncheck();
  await page.getByRole('button', { name: 'Save' }).click();
  const watch = await until('the watch', () => server.supervisor.watches.at(-1));
  await until('it is set so', () => watch.settings.tier === 'keyframes');
  assert.deepEqual(watch.settings.labels, ['person', 'vehicle']);
  assert.equal(watch.settings.motionGate, false);
  await until('the dialog is gone', async () => (await page.locator('dialog[open]').count()) === 0);
  await page.close();
});
