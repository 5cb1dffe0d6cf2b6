import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { LogStore } from '../../../fragments/stream/log-store.ts';
import { clipPath } from '../../e2e/support/media.ts';
import { readMedia } from '../../unit/fragments/cmaf/support.ts';
import { startSessionServer } from '../../unit/server/playback/session/session-rig.ts';

/** Sessions over a log on a real disk, gone afterwards. */
export async function sessionsOnDisk(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'framelog-session-'));
  const store = new LogStore({ directory, syncPolicy: 'none', reserveBytes: 0 });
  const server = await startSessionServer(t, await store.open('cam'));
  t.after(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });
  return server;
}

/** The same with a clip recorded. */
export async function clipOnDisk(t: TestContext, clip: string) {
  const server = await sessionsOnDisk(t);
  const { tracks, samples } = await readMedia(clipPath(clip));
  const startMs = server.rig.nowMs;
  server.rig.publish(tracks);
  await server.rig.writeSlowly(samples);
  await server.rig.end();
  const range = { startMs, endMs: server.rig.nowMs } as const;
  server.rig.nowMs += 1000;
  return { ...server, tracks, samples, range };
}
