import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionError } from '../../../../../server/playback/session/session-error.ts';
import { parseSessionQuery } from '../../../../../server/playback/session/session-query.ts';

const parse = (query: string) => parseSessionQuery(new URLSearchParams(query));

test('children name a session, a track, a version and a fragment', () => {
  assert.deepEqual(parse('SessionToken=abc~~&TrackNumber=2&SequenceNumber=0&FragmentNumber=913&_=1'), {
    token: 'abc~~',
    trackNumber: 2,
    sequenceNumber: 0,
    fragmentNumber: '913',
  });
  assert.deepEqual(parse('SessionToken=abc'), {
    token: 'abc',
    trackNumber: undefined,
    sequenceNumber: undefined,
    fragmentNumber: undefined,
  });
});

test('what is malformed or ambiguous is refused', () => {
  for (const [query, code] of [
    ['', 'AccessDeniedException'],
    ['SessionToken=', 'AccessDeniedException'],
    ['SessionToken=a&SessionToken=b', 'InvalidArgumentException'],
    ['SessionToken=a&TrackNumber=-1', 'InvalidArgumentException'],
    ['SessionToken=a&TrackNumber=1&TrackNumber=1', 'InvalidArgumentException'],
    ['SessionToken=a&SequenceNumber=9999999999', 'InvalidArgumentException'],
    ['SessionToken=a&FragmentNumber=0x1', 'InvalidArgumentException'],
    ['SessionToken=a&FragmentNumber=', 'InvalidArgumentException'],
  ] as const) {
    assert.throws(
      () => parse(query),
      (error) => error instanceof SessionError && error.code === code,
      query,
    );
  }
});
