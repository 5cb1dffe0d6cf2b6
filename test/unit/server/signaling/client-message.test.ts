import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  isClientId,
  MAX_PAYLOAD_CHARS,
  parseClientMessage,
} from '../../../../server/signaling/client-message.ts';
import { SignalingError } from '../../../../server/signaling/signaling-error.ts';
import { cMessage, jsMessage, PAYLOAD } from './support.ts';

function refusal(text: string): SignalingError {
  try {
    parseClientMessage(text);
  } catch (error) {
    assert(error instanceof SignalingError);
    return error;
  }
  return assert.fail(`took ${text.slice(0, 100)}`);
}

describe('a client message', () => {
  it('is read as webrtc-js writes it', () => {
    const text = jsMessage('SDP_ANSWER', { recipientClientId: 'abc', correlationId: 'x.1' });
    assert.deepEqual(parseClientMessage(text), {
      kind: 'SDP_ANSWER',
      payload: PAYLOAD,
      recipientClientId: 'abc',
      correlationId: 'x.1',
      iceServers: undefined,
    });
    assert.equal(parseClientMessage(jsMessage('ICE_CANDIDATE')).recipientClientId, undefined);
  });

  it('is read as webrtc-c writes it, with an empty receiver for none', () => {
    const servers = [{ Password: 'p', Ttl: 300, Uris: ['turn:host:443?transport=udp'], Username: 'u' }];
    const rest = `,\n\t"IceServerList": ${JSON.stringify(servers)}`;
    assert.deepEqual(parseClientMessage(cMessage('SDP_OFFER', '', '42', rest)), {
      kind: 'SDP_OFFER',
      payload: PAYLOAD,
      recipientClientId: undefined,
      correlationId: '42',
      iceServers: servers,
    });
    assert.equal(
      parseClientMessage(cMessage('ICE_CANDIDATE', 'ProducerMaster')).recipientClientId,
      'ProducerMaster',
    );
  });

  it('is refused with its correlation id where one can be read', () => {
    for (const text of [
      '',
      'x',
      '[]',
      'null',
      '7',
      '{"action":"SDP_OFFER"',
      jsMessage('SDP_OFFER', { correlationId: 'a b' }),
    ]) {
      const { code, correlationId } = refusal(text);
      assert.deepEqual(
        { code, correlationId },
        { code: 'InvalidArgumentException', correlationId: undefined },
      );
    }
    const bad: Readonly<Record<string, unknown>>[] = [
      { action: 'SDP_PRANSWER' },
      { action: 5 },
      { messagePayload: undefined },
      { messagePayload: '' },
      { messagePayload: 7 },
      { messagePayload: 'not base64' },
      { messagePayload: 'A'.repeat(MAX_PAYLOAD_CHARS + 1) },
      { recipientClientId: 'a/b' },
      { recipientClientId: 'a'.repeat(257) },
      { recipientClientId: {} },
      { iceServerList: {} },
      { iceServerList: [{ Uris: ['turn:x'] }] },
      { iceServerList: Array(6).fill({ Uris: [], Username: '', Password: '', Ttl: 30 }) },
    ];
    for (const change of bad) {
      assert.equal(
        refusal(jsMessage('SDP_OFFER', { correlationId: 'id', ...change })).correlationId,
        'id',
        JSON.stringify(change).slice(0, 80),
      );
    }
    assert.equal(
      parseClientMessage(jsMessage('SDP_OFFER', { messagePayload: 'A'.repeat(MAX_PAYLOAD_CHARS) })).payload
        .length,
      MAX_PAYLOAD_CHARS,
    );
  });
});

it("client ids that are the service's own or no names are refused", () => {
  for (const id of ['a', 'viewer-1_2.3', 'x'.repeat(256)]) assert(isClientId(id), id);
  for (const id of ['', 'AWS_x', 'aws_x', 'a b', 'ü', 'x'.repeat(257), 'a\n']) assert(!isClientId(id), id);
});
