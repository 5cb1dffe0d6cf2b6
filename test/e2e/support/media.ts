import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

/** A clip of the shared test media. */
export function clipPath(name: string): string {
  return fileURLToPath(new URL(`../../../../shared/media/${name}`, import.meta.url));
}

/** One packet as ffprobe tells it, in milliseconds. */
export interface ProbedPacket {
  readonly type: 'video' | 'audio';
  readonly ptsMs: number;
  readonly dtsMs: number;
  readonly sizeBytes: number;
}

/** Reads all packets of a file or URL with ffprobe. */
export async function probePackets(
  input: string,
  extraArgs: readonly string[] = [],
): Promise<ProbedPacket[]> {
  const { stdout } = await execFileAsync(
    'ffprobe',
    [
      '-v',
      'error',
      ...extraArgs,
      '-show_entries',
      'packet=codec_type,pts_time,dts_time,size',
      '-of',
      'json',
      input,
    ],
    { maxBuffer: 256 << 20 },
  );
  const { packets } = JSON.parse(stdout) as {
    packets: { codec_type: 'video' | 'audio'; pts_time: string; dts_time: string; size: string }[];
  };
  return packets
    .filter((packet) => packet.codec_type === 'video' || packet.codec_type === 'audio')
    .map((packet) => ({
      type: packet.codec_type,
      ptsMs: Number(packet.pts_time) * 1000,
      dtsMs: Number(packet.dts_time) * 1000,
      sizeBytes: Number(packet.size),
    }));
}

/** MD5 over all decoded frames of the first video stream. Also fails when the decoder has anything to say. */
export async function decodedVideoMd5(input: string, extraArgs: readonly string[] = []): Promise<string> {
  const { stdout, stderr } = await execFileAsync(
    'ffmpeg',
    ['-v', 'error', ...extraArgs, '-i', input, '-map', '0:v:0', '-fps_mode', 'passthrough', '-f', 'md5', '-'],
    { maxBuffer: 16 << 20 },
  );
  if (stderr.trim() !== '') throw new Error(`ffmpeg on ${input}: ${stderr}`);
  return stdout.trim();
}

/** Pushes a file by real ffmpeg, without re-encoding. `realTime` paces it as a camera does. */
export function pushWithFfmpeg(
  file: string,
  url: string,
  options: { readonly realTime?: boolean; readonly loop?: boolean; readonly args?: readonly string[] } = {},
): ChildProcess {
  const args = ['-nostdin', '-v', 'error'];
  if (options.realTime ?? true) args.push('-re');
  if (options.loop) args.push('-stream_loop', '-1');
  args.push('-i', file, ...(options.args ?? ['-c', 'copy']), '-f', 'flv', url);
  return spawn('ffmpeg', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Waits for a child to end well; fails with what it wrote to stderr. */
export async function finished(child: ChildProcess): Promise<void> {
  let stderr = '';
  child.stderr?.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  if (code !== 0) throw new Error(`${child.spawnfile} ended with ${code ?? signal}: ${stderr}`);
}
