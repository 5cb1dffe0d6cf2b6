import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AckParser, errorOf } from '../../../client/put-media/ack.ts';

const NUMBER = '91343852333182006801812051225829315333083406205';

function parse(text: string, step = text.length): unknown[] {
  const parser = new AckParser();
  const bytes = Buffer.from(text);
  const acks: unknown[] = [];
  for (let at = 0; at < bytes.length; at += step) acks.push(...parser.push(bytes.subarray(at, at + step)));
  return acks;
}

describe('acknowledgements', () => {
  // As recorded from the service (kvs.md §2.3).
  const recorded = [
    `{"EventType":"BUFFERING","FragmentTimecode":1677613819540,"FragmentNumber":"${NUMBER}"}\n`,
    `{"EventType":"PERSISTED","FragmentTimecode":"1677613818261","FragmentNumber":"${NUMBER}"}\r\n\r\n`,
    `{"EventType":"ERROR","FragmentTimecode":1565810137603,"FragmentNumber":"${NUMBER}","ErrorCode":"MAX_FRAGMENT_DURATION_REACHED","ErrorId":4002}\n`,
    '{"EventType":"IDLE"}\n{"EventType":"LATER_INVENTION"}\n',
  ].join('');

  it('are told in pieces of any size', () => {
    const expected = [
      { eventType: 'BUFFERING', fragmentTimecodeMs: 1677613819540, fragmentNumber: NUMBER },
      { eventType: 'PERSISTED', fragmentTimecodeMs: 1677613818261, fragmentNumber: NUMBER },
      {
        eventType: 'ERROR',
        errorId: 4002,
        errorCode: 'MAX_FRAGMENT_DURATION_REACHED',
        fragmentTimecodeMs: 1565810137603,
        fragmentNumber: NUMBER,
      },
      { eventType: 'IDLE' },
    ];
    for (const step of [1, 7, 100, 1000]) assert.deepEqual(parse(recorded, step), expected);
  });

  for (const [name, text] of [
    ['no JSON', 'PERSISTED\n'],
    ['no object', '7\n'],
    ['of no fragment', '{"EventType":"PERSISTED"}\n'],
    ['an error without an id', '{"EventType":"ERROR","ErrorCode":"X"}\n'],
    ['without an end', 'x'.repeat(20_000)],
  ] as const) {
    it(`${name}: refused`, () =>
      assert.throws(() => parse(text), { name: 'PutMediaError', code: 'BadReply' }));
  }

  it('errors that a new session may mend are retryable', () => {
    const of = (errorId: number): boolean =>
      errorOf({ eventType: 'ERROR', errorId, errorCode: 'X' }).isRetryable;
    assert.deepEqual([4000, 4003, 5000, 5001, 4999].map(of), [true, true, true, true, true]);
    assert.deepEqual([4001, 4002, 4004, 4006, 4008, 4012, 4500].map(of), Array(7).fill(false));
  });
});
