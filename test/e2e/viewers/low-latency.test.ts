import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { probeLowLatency } from '../../integration/hls/ll-hls-probe.ts';
import { finished, pushWithFfmpeg } from '../support/media.ts';
import { type ServerProcess, startServerProcess } from '../support/server.ts';
import { until } from '../support/until.ts';

const CLIP = fileURLToPath(new URL('../../../samples/demo.mp4', import.meta.url));
/** A key frame a second, so that few seconds show a playlist that parts have left. */
const SHORT_GOPS = [
  '-vf',
  'scale=320:-2',
  '-c:v',
  'libx264',
  '-preset',
  'ultrafast',
  '-bf',
  '0',
  '-g',
  '25',
  '-r',
  '25',
  '-sc_threshold',
  '0',
  '-c:a',
  'copy',
];

/** About the machine's speed: held to in test/integration/hls, with a clock that is passed in. */
const TIMED = 'a new part within one part target of the last';

let server: ServerProcess;
let camera: ChildProcess;

before(async () => {
  server = await startServerProcess();
  // More than a live playlist holds, sent as fast as it goes: segments leave from the first second on.
  const early = [...SHORT_GOPS, '-t', '35'];
  await finished(
    pushWithFfmpeg(CLIP, `${server.rtmpUrl}/live/cam`, { realTime: false, loop: true, args: early }),
  );
  camera = pushWithFfmpeg(CLIP, `${server.rtmpUrl}/live/cam`, { loop: true, args: SHORT_GOPS });
  await until('parts of the camera', async () => {
    const playlist = await (await fetch(`${server.httpUrl}/play/cam/live.m3u8`)).text();
    return playlist.split('#EXT-X-DISCONTINUITY\n')[1]?.includes('#EXT-X-PART:');
  });
});

after(async () => {
  camera.kill('SIGKILL');
  assert.equal(await server.stop(), 0, server.stderr());
});

test('the running server keeps the LL-HLS rules while a camera pushes', async () => {
  const base = `${server.httpUrl}/play/cam/`;
  const startMs = Date.now();
  const verdicts = await probeLowLatency({
    liveUrl: `${base}live.m3u8`,
    endedUrl: () => `${base}archive.m3u8?start=${startMs}&end=${startMs + 5000}`,
    parts: 24,
    nowMs: Date.now,
    // It stops in the middle of its work, with the connection open.
    silence: async () => void camera.kill('SIGSTOP'),
  });
  for (const { rule, section, checks, failures } of verdicts) {
    if (rule === TIMED) continue;
    assert.deepEqual(failures, [], `${rule} (§${section})`);
    assert(checks > 0, `${rule} was never looked at`);
  }
});
