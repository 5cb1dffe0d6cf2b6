import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  GetDASHStreamingSessionURLCommand,
  GetHLSStreamingSessionURLCommand,
  KinesisVideoArchivedMediaClient,
} from '@aws-sdk/client-kinesis-video-archived-media';
import type { Browser } from 'playwright-core';
import { launchChromium } from '../support/browser.ts';
import { type ForeignPlayer, playIn, type Seen, seenBy } from '../support/foreign-player.ts';
import { clipPath } from '../support/media.ts';
import { type ServerProcess, spawnFramelog, startServerProcess } from '../support/server.ts';
import { until } from '../support/until.ts';

/**
 * A camera that goes on and on, and the URLs that the SDK gets for it: played in Chromium by players of others, on a page of
 * another origin, until different pictures were shown for a while.
 */

const STREAM = 'gate';
const SECRET = 'e2e-secret-of-the-admin-key-0123456789';
const KEY_ID = 'AKE2E0PLAYBACK000001';
/** Pictures that must be shown; the camera sends 25 a second. */
const PICTURES = 60;

let server: ServerProcess;
let browser: Browser;
let archived: KinesisVideoArchivedMediaClient;
let stopCamera: () => Promise<void>;
let startMs: number;

before(async () => {
  server = await startServerProcess();
  startMs = Date.now();
  const camera = spawnFramelog([
    'push',
    clipPath('person-360p-h264.mp4'),
    `${server.rtmpUrl}/live/${STREAM}`,
    '--loop',
  ]);
  stopCamera = async () => {
    const gone = new Promise((resolve) => camera.once('exit', resolve));
    camera.kill('SIGTERM');
    await gone;
  };
  archived = new KinesisVideoArchivedMediaClient({
    endpoint: server.httpUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: KEY_ID, secretAccessKey: SECRET },
  });
  browser = await launchChromium();
  await until('eight seconds of recording', async () => {
    const answer = await fetch(`${server.httpUrl}/api/streams/${STREAM}/fragments?limit=100`);
    const { fragments = [] } = (await answer.json()) as { fragments?: unknown[] };
    return fragments.length >= 4;
  });
});

after(async () => {
  archived.destroy();
  await browser.close();
  await stopCamera();
  assert.equal(await server.stop(), 0);
});

/** The range of the first seconds. */
function range(endMs?: number) {
  const EndTimestamp = endMs === undefined ? {} : { EndTimestamp: new Date(endMs) };
  return { TimestampRange: { StartTimestamp: new Date(startMs), ...EndTimestamp } };
}

const MODES = {
  LIVE: () => undefined,
  LIVE_REPLAY: () => range(),
  ON_DEMAND: () => range(Date.now() - 1),
} as const;
type Mode = keyof typeof MODES;

async function hlsUrl(PlaybackMode: Mode, ContainerFormat: 'FRAGMENTED_MP4' | 'MPEG_TS'): Promise<string> {
  const selector = MODES[PlaybackMode]();
  const answer = await archived.send(
    new GetHLSStreamingSessionURLCommand({
      StreamName: STREAM,
      PlaybackMode,
      ContainerFormat,
      ...(selector === undefined ? {} : { HLSFragmentSelector: selector }),
    }),
  );
  return answer.HLSStreamingSessionURL ?? '';
}

async function dashUrl(PlaybackMode: Mode): Promise<string> {
  const selector = MODES[PlaybackMode]();
  const answer = await archived.send(
    new GetDASHStreamingSessionURLCommand({
      StreamName: STREAM,
      PlaybackMode,
      ...(selector === undefined ? {} : { DASHFragmentSelector: selector }),
    }),
  );
  return answer.DASHStreamingSessionURL ?? '';
}

/** Plays until enough different pictures were shown, or a player gives up. */
async function watch(player: ForeignPlayer, url: string): Promise<Seen> {
  const page = await playIn(browser, player, url);
  try {
    let seen = await seenBy(page);
    await until(`pictures in ${player}`, async () => {
      seen = await seenBy(page);
      return seen.errors.length > 0 || seen.hasEnded || (seen.scenes >= PICTURES && seen.hasAudio);
    });
    return seen;
  } finally {
    await page.close();
  }
}

for (const mode of ['LIVE', 'LIVE_REPLAY', 'ON_DEMAND'] as const) {
  test(`hls.js in both containers, dash.js and shaka-player play ${mode} side by side`, async () => {
    const viewers = [
      { player: 'hls.js', url: await hlsUrl(mode, 'FRAGMENTED_MP4') },
      { player: 'hls.js', url: await hlsUrl(mode, 'MPEG_TS') },
      { player: 'dash.js', url: await dashUrl(mode) },
      { player: 'shaka-player', url: await dashUrl(mode) },
    ] as const;
    const all = await Promise.all(viewers.map(({ player, url }) => watch(player, url)));
    for (const [i, seen] of all.entries()) {
      assert.deepEqual(seen.errors, [], viewers[i]?.player);
      assert.ok(seen.scenes >= PICTURES, `${viewers[i]?.player}: ${JSON.stringify(seen)}`);
    }
  });
}
