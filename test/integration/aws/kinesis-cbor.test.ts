import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCbor } from '../../../server/aws/protocols/cbor-reader.ts';
import { DIALOGUES } from '../../fixtures/kinesis-cbor/dialogues.ts';
import { bytesOf, patternOf } from '../../fixtures/kinesis-cbor/notation.ts';
import { type AwsTestServer, startAwsServer } from './support/aws-server.ts';
import { type EventStreamMessage, EventStreamReader } from './support/event-stream-reader.ts';
import { sendSigned } from './support/signed-call.ts';

const CBOR_11 = 'application/x-amz-cbor-1.1';

const send = (server: AwsTestServer, operation: string, request: string) =>
  sendSigned(server, operation, bytesOf(request), CBOR_11);

async function ask<Output>(server: AwsTestServer, operation: string, request: string): Promise<Output> {
  const answer = await send(server, operation, request);
  const body = Buffer.from(await answer.arrayBuffer());
  assert.equal(answer.status, 200, body.toString('latin1'));
  return (body.length === 0 ? {} : readCbor(body)) as Output;
}

test('the dialogues of Java clients, byte by byte and signed', async (t) => {
  const server = await startAwsServer(t);
  let iterator = '';
  for (const { what, operation, request, status, answer } of DIALOGUES) {
    const response = await send(server, operation, request.replace('{iterator}', `"${iterator}"`));
    const body = Buffer.from(await response.arrayBuffer());
    assert.equal(response.status, status, `${what}: ${body.toString('latin1')}`);
    assert.equal(response.headers.get('content-type'), CBOR_11, what);
    assert.match(body.toString('hex'), patternOf(answer), `${what}: ${body.toString('latin1')}`);
    if (operation === 'GetShardIterator') {
      iterator = (readCbor(body) as { ShardIterator: string }).ShardIterator;
    }
  }
  assert.deepEqual(server.errorLines(), []);
});

test('bytes that were changed on the way are not taken', async (t) => {
  const server = await startAwsServer(t);
  const request = 'bf 6a "StreamName" 66 "events" 6a "ShardCount" 01 ff';
  const forged = await sendSigned(
    { ...server, admin: { ...server.admin, secret: 'x' } },
    'CreateStream',
    bytesOf(request),
    CBOR_11,
  );
  assert.deepEqual(
    [forged.status, forged.headers.get('x-amzn-errortype')],
    [400, 'InvalidSignatureException'],
  );
  const { __type } = readCbor(Buffer.from(await forged.arrayBuffer())) as { __type: string };
  assert.equal(__type, 'InvalidSignatureException');
});

test('SubscribeToShard in CBOR: the events too are CBOR', async (t) => {
  const server = await startAwsServer(t);
  await ask(server, 'CreateStream', 'bf 6a "StreamName" 66 "events" 6a "ShardCount" 01 ff');
  await ask(
    server,
    'PutRecord',
    'bf 6a "StreamName" 66 "events" 64 "Data" 42 00ff 6c "PartitionKey" 61 "k" ff',
  );
  const streamArn = `arn:aws:kinesis:${server.region}:${server.accountId}:stream/events`;
  const arn = `78 ${streamArn.length.toString(16)} "${streamArn}"`;
  const { Consumer } = await ask<{ Consumer: { ConsumerARN: string } }>(
    server,
    'RegisterStreamConsumer',
    `bf 69 "StreamARN" ${arn} 6c "ConsumerName" 63 "fan" ff`,
  );
  const { ConsumerARN } = Consumer;
  const subscribe = `
    bf
    6b "ConsumerARN" 78 ${ConsumerARN.length.toString(16)} "${ConsumerARN}"
    67 "ShardId" 74 "shardId-000000000000"
    70 "StartingPosition" bf 64 "Type" 6c "TRIM_HORIZON" ff
    ff`;
  const response = await send(server, 'SubscribeToShard', subscribe);
  assert.equal(response.headers.get('content-type'), 'application/vnd.amazon.eventstream');
  const reader = new EventStreamReader();
  const messages: EventStreamMessage[] = [];
  const source = response.body?.getReader();
  while (messages.length < 2) messages.push(...reader.push((await source?.read())?.value ?? Buffer.alloc(0)));
  assert.deepEqual(
    messages.slice(0, 2).map(({ headers }) => [headers[':event-type'], headers[':content-type']]),
    [
      ['initial-response', CBOR_11],
      ['SubscribeToShardEvent', CBOR_11],
    ],
  );
  assert.equal(messages[0]?.payload.toString('hex'), 'a0');
  const event = `
    a3
    67 "Records" 81
      a5 6e "SequenceNumber" 78 38 <digits:56>
         78 1b "ApproximateArrivalTimestamp" c1 1b <any:8>
         64 "Data" 42 00ff
         6c "PartitionKey" 61 "k"
         6e "EncryptionType" 64 "NONE"
    78 1a "ContinuationSequenceNumber" 78 38 <digits:56>
    72 "MillisBehindLatest" 00`;
  assert.match(messages[1]?.payload.toString('hex') ?? '', patternOf(event));
  // A second one at once is an error of the protocol, not of the stream.
  const second = await send(server, 'SubscribeToShard', subscribe);
  assert.equal(second.status, 400);
  const { __type } = readCbor(Buffer.from(await second.arrayBuffer())) as { __type: string };
  assert.equal(__type, 'ResourceInUseException');
  await source?.cancel();
});
