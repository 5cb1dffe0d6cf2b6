import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type PutMediaTarget, putMedia } from './put-media-client.ts';

/** In whole seconds, epoch ms: the C producer's fractions are not everybody's (kvs.md §2.1). */
export function hourAgo(): number {
  return Math.floor(Date.now() / 1000) * 1000 - 3_600_000;
}

/** Sends a media file as one PutMedia session, a cluster a GOP; throws when a fragment is not persisted. `startMs`: whole seconds. */
export async function putClip(target: PutMediaTarget, file: string, startMs: number): Promise<void> {
  const input = ['-nostdin', '-v', 'error', '-i', file, '-c', 'copy'];
  const clusters = ['-cluster_size_limit', '50M', '-cluster_time_limit', '60000'];
  const ffmpeg = spawn('ffmpeg', [...input, ...clusters, '-f', 'matroska', '-live', '1', '-'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const headers = { ...target.headers, 'x-amzn-producer-start-timestamp': `${startMs / 1000}.0` };
  const call = putMedia({ ...target, timecodeType: 'RELATIVE', headers });
  for await (const piece of ffmpeg.stdout) await call.write(piece as Buffer);
  call.end();
  if (ffmpeg.exitCode === null) await once(ffmpeg, 'exit');
  const acks = await call.over;
  const count = (type: string) => acks.filter(({ EventType }) => EventType === type).length;
  if (ffmpeg.exitCode !== 0 || count('ERROR') > 0 || count('PERSISTED') !== count('BUFFERING')) {
    throw new Error(`PutMedia of ${file}: ${JSON.stringify(acks.slice(-3))}`);
  }
}
