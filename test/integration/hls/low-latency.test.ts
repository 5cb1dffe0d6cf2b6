import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { camera, NOW_MS } from '../../unit/fragments/stream/media.ts';
import { probeLowLatency } from './ll-hls-probe.ts';
import { PatientCamera, startPlayServer } from './play-server.ts';

for (const { name, partTargetMs, gopMs } of [
  { name: '500 ms parts, 2 s GOP', partTargetMs: 500, gopMs: 2000 },
  { name: '200 ms parts, 1 s GOP', partTargetMs: 200, gopMs: 1000 },
  { name: '1 s parts, 4 s GOP', partTargetMs: 1000, gopMs: 4000 },
]) {
  test(`every row of the LL-HLS rules holds: ${name}`, async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const server = await startPlayServer(t, { settings: { partTargetMs } });
    const { rig } = server;
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
