import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ClientHandshake, ServerHandshake } from '../../../../../server/ingest/rtmp/handshake.ts';
import {
  CLIENT_KEYS,
  findDigest,
  HANDSHAKE_BYTES,
  isAnswerTo,
  SERVER_KEYS,
} from '../../../../../server/ingest/rtmp/handshake-digest.ts';
import { RtmpError } from '../../../../../server/ingest/rtmp/rtmp-error.ts';

const FFMPEG = readFileSync(new URL('../../../../fixtures/rtmp/ffmpeg-5.1-h264-aac.bin', import.meta.url));

test('simple form: S2 repeats the noise of C1, whatever the pieces', () => {
  const c1 = Buffer.alloc(HANDSHAKE_BYTES, 7);
  c1.writeUInt32BE(0, 4);
  const input = Buffer.concat([Buffer.of(3), c1, Buffer.alloc(HANDSHAKE_BYTES, 9), Buffer.from('rest')]);
  for (const step of [1, 7, 1536, 1537, 5000]) {
    const handshake = new ServerHandshake();
    const output: Buffer[] = [];
    const rest: Buffer[] = [];
    for (let at = 0; at < input.length; at += step) {
      const result = handshake.push(input.subarray(at, at + step), 1234);
      output.push(...result.output);
      if (result.rest !== undefined) rest.push(result.rest);
    }
    const sent = Buffer.concat(output);
    assert.equal(sent.length, 1 + 2 * HANDSHAKE_BYTES);
    assert.equal(sent[0], 3);
    const s2 = sent.subarray(1 + HANDSHAKE_BYTES);
    assert.deepEqual(s2.subarray(8), c1.subarray(8));
    assert.equal(s2.readUInt32BE(0), c1.readUInt32BE(0));
    assert.equal(s2.readUInt32BE(4), 1234);
    // At the end of the input nothing is lost: pieces after the handshake come back whole.
    assert.ok(
      Buffer.concat(rest)
        .toString()
        .startsWith('rest'.slice(0, Buffer.concat(rest).length)),
    );
  }
});

test('a captured ffmpeg uses the digest form, and gets a digest that it can check', () => {
  const c1 = FFMPEG.subarray(1, 1 + HANDSHAKE_BYTES);
  const found = findDigest(c1, CLIENT_KEYS);
  assert.ok(found);
  const { output, rest } = new ServerHandshake().push(FFMPEG, 99);
  assert.deepEqual(rest, FFMPEG.subarray(1 + 2 * HANDSHAKE_BYTES));
  const sent = Buffer.concat(output);
  const s1 = sent.subarray(1, 1 + HANDSHAKE_BYTES);
  const s2 = sent.subarray(1 + HANDSHAKE_BYTES);
  assert.equal(findDigest(s1, SERVER_KEYS)?.scheme, found.scheme);
  assert.ok(isAnswerTo(s2, found.digest, SERVER_KEYS));
});

test('digest offsets, computed by hand', () => {
  // Scheme 0: bytes 8-11 sum to an offset from 12; scheme 1: bytes 772-775 from 776.
  for (const [scheme, sumAt, base] of [
    [0, 8, 12],
    [1, 772, 776],
  ] as const) {
    const packet = Buffer.alloc(HANDSHAKE_BYTES, 3);
    packet.set([255, 255, 255, 100], sumAt);
    const offset = base + ((255 * 3 + 100) % 728);
    const without = Buffer.concat([packet.subarray(0, offset), packet.subarray(offset + 32)]);
    createHmac('sha256', 'Genuine Adobe Flash Player 001').update(without).digest().copy(packet, offset);
    assert.deepEqual(findDigest(packet, CLIENT_KEYS)?.scheme, scheme);
    packet[offset] = (packet[offset] ?? 0) ^ 1;
    assert.equal(findDigest(packet, CLIENT_KEYS), undefined);
  }
});

for (const scheme of [undefined, 0, 1] as const) {
  test(`our client and our server agree: ${scheme === undefined ? 'simple' : `digest scheme ${scheme}`}`, () => {
    const client = new ClientHandshake(scheme);
    const server = new ServerHandshake();
    const first = server.push(client.start(1), 2);
    assert.equal(first.rest, undefined);
    const answer = client.push(Buffer.concat(first.output), 3);
    assert.equal(answer.rest?.length, 0);
    const c2 = Buffer.concat(answer.output);
    assert.equal(server.push(c2, 4).rest?.length, 0);
    if (scheme !== undefined) {
      const s1 = Buffer.concat(first.output).subarray(1, 1 + HANDSHAKE_BYTES);
      const digest = findDigest(s1, SERVER_KEYS)?.digest;
      assert.ok(digest && isAnswerTo(c2, digest, CLIENT_KEYS));
    }
  });
}

test('other versions are refused at the first byte', () => {
  for (const first of [0, 6, 'G'.charCodeAt(0), 0x16]) {
    assert.throws(
      () => new ServerHandshake().push(Buffer.of(first), 0),
      (error) => error instanceof RtmpError && error.code === 'bad-version',
    );
  }
});
