import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { clip } from './rtmp-clip.ts';

const run = promisify(execFile);
const CLUSTER = Buffer.of(0x1f, 0x43, 0xb6, 0x75);

/** An element with a size of eight bytes, as the C producer writes them. */
function element(id: string, ...body: Uint8Array[]): Buffer {
  const content = Buffer.concat(body);
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(content.length) | (1n << 56n));
  return Buffer.concat([Buffer.from(id, 'hex'), size, content]);
}

function tagsElement(tags: Readonly<Record<string, string>>): Buffer {
  const simple = Object.entries(tags).map(([name, value]) =>
    element('67c8', element('45a3', Buffer.from(name)), element('4487', Buffer.from(value))),
  );
  return element('1254c367', element('7373', ...simple));
}

/**
 * A clip as live Matroska, a cluster every two seconds, with tags in front of some of its clusters: by index of the cluster,
 * counted from 0.
 */
export async function taggedMedia(
  name: string,
  tags: Readonly<Record<number, Readonly<Record<string, string>>>>,
): Promise<Buffer> {
  const args = ['-v', 'error', '-i', clip(name), '-c', 'copy', '-f', 'matroska', '-live', '1'];
  args.push('-cluster_time_limit', '19000', '-write_crc32', '0', 'pipe:1');
  const { stdout } = await run('ffmpeg', args, { encoding: 'buffer', maxBuffer: 64 << 20 });
  const parts: Buffer[] = [];
  let from = 0;
  for (let index = 0, at = stdout.indexOf(CLUSTER); at >= 0; index++, at = stdout.indexOf(CLUSTER, at + 4)) {
    const own = tags[index];
    if (own === undefined) continue;
    parts.push(stdout.subarray(from, at), tagsElement(own));
    from = at;
  }
  parts.push(stdout.subarray(from));
  return Buffer.concat(parts);
}
