import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { loadModel, type Operation } from '../../../server/aws/model.ts';
import { selectProtocol } from '../../../server/aws/protocols/select-protocol.ts';
import { type AwsTestServer, startAwsServer } from './support/aws-server.ts';
import { brokenDocuments, type HostileBody, hostileInputs } from './support/hostile-inputs.ts';

/**
 * Every operation of every model, with input that no good client sends: it answers with an error that its model declares,
 * or with one that says what is wrong with the input. Never a failure of the server, never silence.
 */

const MODELS = readdirSync(new URL('../../../server/aws/models/', import.meta.url))
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.replace('.json', ''))
  .toSorted();

/** What any operation may answer to input that cannot be read, or breaks the model's rules. */
const FOR_ANY_INPUT = new Set(['SerializationException', 'ValidationException']);

/** Joining a storage session belongs to the WebRTC part. */
const NOT_SERVED = new Set(['kinesis-video-webrtc-storage']);

/** Operations whose good input waits for somebody else, and how long it is waited here, ms. */
const WAITING = new Map([['SendAlexaOfferToMaster', 100]]);

interface Answer {
  readonly status: number;
  readonly errorCode: string | undefined;
  readonly text: string;
}

function headersOf({ model, name }: Operation): Record<string, string> {
  return model.targetPrefix === undefined
    ? { 'content-type': 'application/json' }
    : { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${model.targetPrefix}.${name}` };
}

/** Sends one body. Of an answer that may have no end, the headers are enough. */
async function send(
  server: AwsTestServer,
  operation: Operation,
  body: Buffer,
  headers: Record<string, string> = headersOf(operation),
): Promise<Answer> {
  const waitMs = WAITING.get(operation.name);
  const signal = waitMs === undefined ? null : AbortSignal.timeout(waitMs);
  const ok = { status: 200, errorCode: undefined, text: '' };
  try {
    const url = `${server.endpoint}${operation.path}`;
    const response = await fetch(url, { method: 'POST', headers, body, signal });
    assert.match(response.headers.get('x-amzn-requestid') ?? '', /^[0-9a-f-]{36}$/);
    assert.ok(response.headers.has('date'));
    if (response.status === 200) {
      await response.body?.cancel();
      return ok;
    }
    const text = await response.text();
    return { status: response.status, errorCode: errorCodeOf(response, text), text };
  } catch (error) {
    // It was let in and waits: we hang up.
    if (signal?.aborted === true) return ok;
    throw error;
  }
}

/** REST names the error in a header, JSON 1.1 in the body. */
function errorCodeOf(response: Response, text: string): string | undefined {
  const inHeader = response.headers.get('x-amzn-errortype');
  if (inHeader !== null) return inHeader;
  return (JSON.parse(text) as { __type?: string }).__type;
}

function check(operation: Operation, what: string, { status, errorCode = '', text }: Answer): void {
  if (status === 200) return;
  const said = `${operation.name}, ${what}: ${status} ${errorCode} ${text.slice(0, 500)}`;
  assert.ok(status >= 400 && status < 500, said);
  assert.ok(operation.errors.has(errorCode) || FOR_ANY_INPUT.has(errorCode), said);
  if (operation.model.targetPrefix === undefined) {
    const { Message, message } = JSON.parse(text) as { Message?: string; message?: string };
    assert.ok((Message ?? message ?? '') !== '', said);
  }
}

/** Several at a time, as many as a small machine takes well. */
async function sendAll(
  server: AwsTestServer,
  operation: Operation,
  bodies: Iterable<HostileBody>,
): Promise<Set<string>> {
  const seen = new Set<string>();
  const queue = bodies[Symbol.iterator]();
  const work = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) {
      const { what, body } = next.value;
      const answer = await send(server, operation, body);
      check(operation, what, answer);
      seen.add(answer.errorCode ?? 'none');
    }
  };
  await Promise.all(Array.from({ length: 4 }, work));
  return seen;
}

async function sendTooMuch(server: AwsTestServer, operation: Operation): Promise<void> {
  const limit = selectProtocol(operation.model, headersOf(operation)['content-type'])?.maxBodyBytes ?? 0;
  const { status, errorCode } = await send(server, operation, Buffer.alloc(limit + 1, 0x20));
  assert.deepEqual([status, errorCode], [413, 'RequestEntityTooLargeException']);
}

type Caller = (model: string, name: string, input: unknown) => Promise<Record<string, unknown>>;

function callerOf(server: AwsTestServer): Caller {
  return async (model, name, input) => {
    const operation = loadModel(model).operations.get(name);
    assert.ok(operation !== undefined);
    const response = await fetch(`${server.endpoint}${operation.path}`, {
      method: 'POST',
      headers: headersOf(operation),
      body: JSON.stringify(input),
    });
    const text = await response.text();
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  };
}

/** A collection and a stream processor beside the streams; answers what they are called, first what has an ARN. */
async function makeFaces(server: AwsTestServer, streams: readonly string[]): Promise<string[]> {
  const call = callerOf(server);
  const { CollectionArn } = await call('rekognition', 'CreateCollection', { CollectionId: 'hostile' });
  await call('rekognition', 'CreateStreamProcessor', {
    Name: 'hostile',
    Input: { KinesisVideoStream: { Arn: streams[0] } },
    Output: { KinesisDataStream: { Arn: streams[1] } },
    Settings: { ConnectedHome: { Labels: ['PERSON'] } },
    RoleArn: 'arn:aws:iam::000000000000:role/any',
  });
  return [...(CollectionArn === undefined ? [] : [`arn:${CollectionArn}`]), ...streams];
}

/** Makes the resources that good input names, and answers what they are called: streams first, channels last. */
async function makeResources(server: AwsTestServer): Promise<string[]> {
  const call = callerOf(server);
  await call('kinesisvideo', 'CreateStream', { StreamName: 'hostile', DataRetentionInHours: 24 });
  await call('kinesisvideo', 'CreateSignalingChannel', { ChannelName: 'hostile' });
  await call('kinesis', 'CreateStream', { StreamName: 'hostile', ShardCount: 1 });
  const stream = await call('kinesisvideo', 'DescribeStream', { StreamName: 'hostile' });
  const channel = await call('kinesisvideo', 'DescribeSignalingChannel', { ChannelName: 'hostile' });
  const summary = await call('kinesis', 'DescribeStreamSummary', { StreamName: 'hostile' });
  const { StreamARN, Version } = stream.StreamInfo as { StreamARN: string; Version: string };
  const { ChannelARN } = channel.ChannelInfo as { ChannelARN: string };
  const { StreamARN: dataStreamArn } = summary.StreamDescriptionSummary as { StreamARN: string };
  return [StreamARN, dataStreamArn, Version, 'hostile', ChannelARN];
}

for (const name of MODELS.filter((model) => !NOT_SERVED.has(model))) {
  test(`hostile input to every operation of ${name}`, async (t) => {
    const server = await startAwsServer(t, { access: { open: true } });
    for (const [index, operation] of [...loadModel(name).operations.values()].entries()) {
      if (operation.streamsInput) continue;
      if (index === 0) await sendTooMuch(server, operation);
      const samples = await makeResources(server);
      // Patterns do not tell ARNs of channels and streams apart.
      const isOfChannels = operation.input.members.some((member) => member.name.startsWith('Channel'));
      const own =
        name === 'rekognition'
          ? await makeFaces(server, samples)
          : isOfChannels
            ? samples.toReversed()
            : samples;
      await sendAll(server, operation, brokenDocuments());
      const seen = await sendAll(server, operation, hostileInputs(operation, own));
      if (operation.input.members.length > 0) assert.ok(seen.has('SerializationException'), operation.name);
    }
    assert.deepEqual(server.errorLines(), []);
  });
}

test('hostile input as CBOR', async (t) => {
  const server = await startAwsServer(t, { access: { open: true } });
  for (const operation of loadModel('kinesis').operations.values()) {
    const headers = { ...headersOf(operation), 'content-type': 'application/x-amz-cbor-1.1' };
    for (const { what, body } of brokenDocuments()) {
      const response = await fetch(server.endpoint, { method: 'POST', headers, body });
      await response.bytes();
      assert.ok(response.status < 500, `${operation.name}, ${what}: ${response.status}`);
    }
  }
  assert.deepEqual(server.errorLines(), []);
});

test('hostile headers and bodies of PutMedia', async (t) => {
  const server = await startAwsServer(t, { access: { open: true } });
  const operation = loadModel('kinesis-video-put-media').operations.get('PutMedia');
  assert.ok(operation !== undefined);
  await makeResources(server);
  const good: Record<string, string> = {
    'x-amzn-stream-name': 'hostile',
    'x-amzn-fragment-timecode-type': 'ABSOLUTE',
    'x-amzn-producer-start-timestamp': '1700000000.5',
  };
  const texts = [
    '',
    ' ',
    '0',
    '-1',
    '1e999',
    'NaN',
    'a'.repeat(5000),
    '../../x',
    'a, b',
    'caf\u00e9',
    '%00',
    'ABSOLUTE',
  ];
  for (const name of [...Object.keys(good), 'x-amzn-stream-arn', 'x-amzn-fragment-acknowledgment-required']) {
    for (const text of texts) {
      const headers = { ...good, [name]: text };
      check(
        operation,
        `${name}: ${text.slice(0, 20)}`,
        await send(server, operation, Buffer.from('x'), headers),
      );
    }
    const { [name]: _, ...rest } = good;
    check(operation, `no ${name}`, await send(server, operation, Buffer.from('x'), rest));
  }
  for (const { what, body } of brokenDocuments()) {
    check(operation, what, await send(server, operation, body, good));
  }
  assert.deepEqual(server.errorLines(), []);
});

test('what is not served yet is an operation that nobody has', async (t) => {
  const server = await startAwsServer(t);
  for (const name of NOT_SERVED) {
    for (const { path } of loadModel(name).operations.values()) {
      const headers = { authorization: 'AWS4-HMAC-SHA256 Credential=a' };
      const response = await fetch(`${server.endpoint}${path}`, { method: 'POST', headers, body: '{}' });
      assert.equal(response.headers.get('x-amzn-errortype'), 'UnknownOperationException');
      await response.body?.cancel();
    }
  }
});
