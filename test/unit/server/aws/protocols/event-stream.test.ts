import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventMessage, exceptionMessage } from '../../../../../server/aws/protocols/event-stream.ts';
import { EventStreamReader } from '../../../../integration/aws/support/event-stream-reader.ts';

const JSON_11 = 'application/x-amz-json-1.1';

test('an event and an exception, byte by byte', () => {
  const message = eventMessage('initial-response', JSON_11, Buffer.from('{}'));
  // Lengths, then the checksum of both, as written down by hand from the rules.
  assert.equal(message.readUInt32BE(0), message.length);
  assert.equal(message.subarray(12, 26).toString('latin1'), '\r:message-type'.slice(0, 14));
  const [read, ...none] = new EventStreamReader().push(message);
  assert.equal(none.length, 0);
  assert.deepEqual(read?.headers, {
    ':message-type': 'event',
    ':event-type': 'initial-response',
    ':content-type': JSON_11,
  });
  assert.equal(read?.payload.toString(), '{}');
  const [error] = new EventStreamReader().push(
    exceptionMessage('ResourceInUseException', JSON_11, Buffer.from('{"message":"x"}')),
  );
  assert.deepEqual(error?.headers, {
    ':message-type': 'exception',
    ':exception-type': 'ResourceInUseException',
    ':content-type': JSON_11,
  });
});

test('messages are found however the bytes are cut; a changed bit is not taken', () => {
  const messages = ['', 'a', 'b'.repeat(1000)].map((text) =>
    eventMessage('SubscribeToShardEvent', JSON_11, Buffer.from(text)),
  );
  const bytes = Buffer.concat(messages);
  for (const size of [1, 7, 100, bytes.length]) {
    const reader = new EventStreamReader();
    let count = 0;
    for (let at = 0; at < bytes.length; at += size)
      count += reader.push(bytes.subarray(at, at + size)).length;
    assert.deepEqual([count, reader.pendingBytes], [3, 0]);
  }
  for (const at of [5, 9, 20, bytes.length - 1]) {
    const broken = Buffer.from(bytes);
    broken[at] = (broken[at] ?? 0) ^ 1;
    assert.throws(() => new EventStreamReader().push(broken), /checksum/);
  }
});
