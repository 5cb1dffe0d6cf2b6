import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Sample } from '../../../fragments/media/track.ts';
import { AUDIO, camera, NOW_MS, VIDEO } from '../../unit/fragments/stream/media.ts';
import { probeLowLatency } from '../hls/ll-hls-probe.ts';
import { PatientCamera, type PlayServer, startPlayServer } from '../hls/play-server.ts';

/** From now on the rig's camera is a producer that says itself where fragments begin. */
function delimitFragments({ rig }: PlayServer): void {
  const session = rig.stream.publishFragments(
    {
      stream: 'cam',
      publisher: { protocol: 'put-media', remoteAddress: '127.0.0.1', sinceMs: rig.nowMs },
      onRevoked: () => {},
      onTurn: () => {},
    },
    rig.nowMs,
  );
  session.setTracks([VIDEO, AUDIO], Buffer.from('a header'), rig.nowMs);
  rig.write = (samples: readonly Sample[]) => {
    for (const sample of samples) {
      const producerMs = NOW_MS + sample.dtsTicks / 90;
      rig.nowMs = Math.max(rig.nowMs, producerMs);
      if (sample.trackId === VIDEO.id && sample.isSync) {
        const next = new Map([VIDEO, AUDIO].map(({ id }) => [id, sample.dtsTicks]));
        session.endFragment(rig.nowMs, next);
        assert.ok(session.mayBegin(rig.nowMs));
        session.beginFragment({ producerMs, tags: [], startsRun: false }, rig.nowMs);
      }
      session.write(sample, rig.nowMs, producerMs);
    }
  };
}

for (const { name, partTargetMs, gopMs } of [
  { name: '500 ms parts, 2 s clusters', partTargetMs: 500, gopMs: 2000 },
  { name: '200 ms parts, 1 s clusters', partTargetMs: 200, gopMs: 1000 },
]) {
  test(`every row of the LL-HLS rules holds for a producer's own fragments: ${name}`, async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const server = await startPlayServer(t, { settings: { partTargetMs } });
    const { rig } = server;
    delimitFragments(server);
    rig.write(camera(0, 60_000, gopMs));
    const source = new PatientCamera(server, 60_000, (fromMs, toMs) => camera(fromMs, toMs, gopMs));
    const verdicts = await probeLowLatency({
      liveUrl: `${server.base}live.m3u8`,
      endedUrl: () => `${server.base}archive.m3u8?start=${NOW_MS}&end=${NOW_MS + 20_000}`,
      parts: Math.ceil((16 * gopMs) / partTargetMs),
      nowMs: () => rig.nowMs,
      silence: async (targetDurationS) => {
        source.isSilent = true;
        while (server.route.waiting === 0) await nextTurn();
        rig.nowMs += 3000 * targetDurationS;
        t.mock.timers.tick(3000 * targetDurationS);
      },
    });
    await source.stop();
    for (const { rule, section, checks, failures } of verdicts) {
      assert.deepEqual(failures, [], `${rule} (§${section})`);
      assert(checks > 0, `${rule} was never looked at`);
    }
  });
}
