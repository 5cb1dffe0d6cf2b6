#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { PutMediaError, putMedia } from '../client/put-media/index.ts';

/** Pushes a file to a stream of Framelog or of Kinesis Video Streams. */
const HELP = `Usage: node samples/put-media.ts [options] STREAM FILE

Sends an MP4 file (a log file of Framelog, too) or a Matroska file with PutMedia, and prints the acknowledgements.

  --endpoint URL     control plane, e.g. http://127.0.0.1:8080; by default that of AWS in the region
  --region NAME      default: AWS_REGION, or us-east-1
  --real-time        send as a camera would, instead of as fast as it goes
  --start TIME       when the first frame happened, e.g. 2026-01-02T03:04:05Z; default: now
  --fragment MS      shortest fragment; default 2000
  --tag NAME=VALUE   a tag for every fragment; may be repeated
  --create HOURS     make the stream when there is none, archived for this long
  --help

Credentials come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. A server that was started with --open
takes any.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    endpoint: { type: 'string' },
    region: { type: 'string', default: process.env.AWS_REGION ?? 'us-east-1' },
    'real-time': { type: 'boolean', default: false },
    start: { type: 'string' },
    fragment: { type: 'string', default: '2000' },
    tag: { type: 'string', multiple: true, default: [] },
    create: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const [streamName, source] = positionals;
if (values.help || streamName === undefined || source === undefined) {
  console.log(HELP);
  process.exit(values.help ? 0 : 2);
}

const tags = Object.fromEntries(
  values.tag.map((tag) => [tag.split('=')[0] ?? '', tag.split('=').slice(1).join('=')]),
);
const { AWS_ACCESS_KEY_ID = 'any', AWS_SECRET_ACCESS_KEY = 'any', AWS_SESSION_TOKEN } = process.env;
const stop = new AbortController();
process.once('SIGINT', () => stop.abort(new Error('interrupted')));

try {
  const upload = putMedia({
    streamName,
    source,
    region: values.region,
    credentials: {
      accessKeyId: AWS_ACCESS_KEY_ID,
      secretAccessKey: AWS_SECRET_ACCESS_KEY,
      ...(AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: AWS_SESSION_TOKEN }),
    },
    controlEndpoint: values.endpoint,
    createStream: values.create === undefined ? undefined : { retentionHours: Number(values.create) },
    realTime: values['real-time'],
    startTime: values.start === undefined ? undefined : new Date(values.start),
    fragmentMs: Number(values.fragment),
    tags: () => tags,
    onReconnect: (error, delayMs) => console.error(`${error.message}; again in ${delayMs} ms`),
    signal: stop.signal,
  });
  for (;;) {
    const next = await upload.next();
    if (next.done === true) {
      const { fragmentsSent, bytesSent, sessions } = next.value;
      console.log(`${fragmentsSent} fragments, ${bytesSent} bytes, ${sessions} sessions`);
      break;
    }
    if (next.value.eventType !== 'IDLE') console.log(JSON.stringify(next.value));
  }
} catch (error) {
  if (!(error instanceof Error)) throw error;
  console.error(error instanceof PutMediaError ? `${error.code}: ${error.message}` : error.message);
  process.exitCode = 1;
}
