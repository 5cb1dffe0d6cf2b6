import { fileURLToPath } from 'node:url';
import { type FilePublisherOptions, publishFile } from '../../../../server/ingest/rtmp/file-publisher.ts';
import type { AwsTestServer } from './aws-server.ts';

/** A clip of the shared test media. */
export function clip(name: string): string {
  return fileURLToPath(new URL(`../../../../../shared/media/${name}`, import.meta.url));
}

/** Pushes an MP4 file by RTMP, as fast as the server takes it unless told otherwise. */
export async function pushByRtmp(
  server: AwsTestServer,
  stream: string,
  file: string,
  options: FilePublisherOptions = {},
): Promise<void> {
  const url = `rtmp://127.0.0.1:${server.rtmpPort}/live/${stream}?key=${server.admin.secret}`;
  await publishFile(file, url, { speed: Number.POSITIVE_INFINITY, ...options });
}
