import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAvcC } from '../../../fragments/media/avc.ts';
import { joinLengthPrefixed, splitLengthPrefixed } from '../../../fragments/media/nal-units.ts';
import { clipPath } from '../../e2e/support/media.ts';
import { offered, videoOf } from '../../support/clip-video.ts';
import { ffmpeg, temporaryFolder } from '../../unit/fragments/cmaf/support.ts';
import { runSessions, sessionOf } from './support/hostile-sessions.ts';
import { supervisorOf, watchStream } from './support/worker-rig.ts';

/** Corrupt and hostile media: an error of its own, never the end of anybody else. More sessions: test/bench/hostile-media.ts. */

const SESSIONS = 50;
const MAX_RSS_BYTES = 500 << 20;
const CLIPS = ['h264.mp4', 'h265.mp4', 'vp8.webm', 'vp9.webm', 'av1.mp4'];

for (const name of CLIPS) {
  test(`${name}: ${SESSIONS} sessions of broken media, and the worker goes on`, async (t) => {
    const supervisor = supervisorOf(t, { maxRssBytes: MAX_RSS_BYTES });
    const session = await sessionOf(clipPath(`parking-360p-${name}`));
    const report = await runSessions(
      supervisor,
      session,
      Array.from({ length: SESSIONS }, (_, seed) => seed),
    );
    assert.deepEqual([report.crashed, report.timedOut, report.tooLarge], [0, 0, 0]);
    assert.equal(supervisor.counters.workers.started, 1);
    assertModest(supervisor);
    assert.ok(report.looked > 0 && report.notDecoded > 0, 'some of it can be decoded, some cannot');
    const good = watchStream(supervisor, 'good', { tier: 'fps:25', pace: 'batch' });
    await good.offerAll(session);
    await good.watch.drained();
    assert.deepEqual(
      good.results.map(({ skipped }) => skipped),
      session.map(() => undefined),
    );
  });
}

test('a bomb of 8192x4320 is refused by its header, and costs nobody else anything', async (t) => {
  const supervisor = supervisorOf(t, { maxRssBytes: MAX_RSS_BYTES });
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'bomb.mp4');
  const made = ['-f', 'lavfi', '-i', 'color=s=8192x4320:r=10', '-frames:v', '3', '-c:v', 'libx264'];
  await ffmpeg(...made, '-preset', 'ultrafast', '-g', '1', path);
  const bomb = await videoOf(path);
  const { sps, pps } = parseAvcC(bomb.track.config);
  const good = await videoOf(clipPath('parking-360p-h264.mp4'));
  // The container says that it is small; what is in the samples is not.
  const samples = offered({
    ...bomb,
    track: good.track,
    samples: bomb.samples.map((sample) => ({
      ...sample,
      data: joinLengthPrefixed([...sps, ...pps, ...splitLengthPrefixed(sample.data, 4)]),
    })),
  });
  const neighbour = watchStream(supervisor, 'good', { tier: 'keyframes', pace: 'batch' });
  const keys = offered(good).filter(({ isSync }) => isSync);
  await neighbour.offerAll(keys.slice(0, 3));
  await neighbour.watch.drained();
  const hostile = watchStream(supervisor, 'bomb', { tier: 'keyframes', pace: 'batch' });
  await hostile.offerAll(samples);
  await hostile.watch.drained();
  await neighbour.offerAll(keys.slice(3, 6));
  await neighbour.watch.drained();
  assert.deepEqual(
    hostile.results.map(({ skipped }) => skipped),
    samples.map(() => 'not-decoded'),
  );
  assert.deepEqual(
    neighbour.results.map(({ skipped }) => skipped),
    Array(6).fill(undefined),
  );
  assert.equal(supervisor.counters.workers.crashed, 0);
  assertModest(supervisor);
});

/** The worker never took much memory. */
function assertModest({ pids }: { readonly pids: readonly number[] }): void {
  if (process.platform !== 'linux') return;
  const status = readFileSync(`/proc/${pids[0]}/status`, 'utf8');
  const peakBytes = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  assert.ok(peakBytes < 400 << 20, `${peakBytes >> 20} MB`);
}
