import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type PlaylistQueryErrorCode,
  parsePlaylistQuery,
} from '../../../../../server/playback/hls/playlist-query.ts';

const parse = (text: string) => parsePlaylistQuery(new URLSearchParams(text));
const refuses = (text: string, code: PlaylistQueryErrorCode) =>
  assert.throws(() => parse(text), { name: 'PlaylistQueryError', code }, text);

test('reads the directives, the times and the token', () => {
  assert.deepEqual(parse(''), {});
  assert.deepEqual(parse('_HLS_msn=12'), { reload: { msn: 12 } });
  assert.deepEqual(parse('_HLS_msn=12&_HLS_part=0'), { reload: { msn: 12, part: 0 } });
  assert.deepEqual(parse('start=1767355200000&end=1767355200001&token=ab.c_-d'), {
    startMs: 1767355200000,
    endMs: 1767355200001,
    token: 'ab.c_-d',
  });
  assert.deepEqual(parse('start=2026-01-02T12:00:00Z'), { startMs: 1767355200000 });
});

test('the plus of an offset may come escaped or not', () => {
  assert.equal(parse('start=2026-01-02T13:00:00%2B01:00').startMs, 1767355200000);
  assert.equal(parse('start=2026-01-02T13:00:00+01:00').startMs, 1767355200000);
});

test('parameters of others are passed over', () => {
  assert.deepEqual(parse('_HLS_skip=YES&cachebuster=1&cachebuster=2'), {});
});

test('_HLS_part without _HLS_msn, and what is not a decimal integer, is refused', () => {
  for (const text of [
    '_HLS_part=1',
    '_HLS_msn=',
    '_HLS_msn=-1',
    '_HLS_msn=1.5',
    '_HLS_msn=1e3',
    '_HLS_msn=0x1',
  ]) {
    refuses(text, 'bad-directive');
  }
  refuses('_HLS_msn=1&_HLS_part=x', 'bad-directive');
  refuses('_HLS_msn=9999999999999999999', 'bad-directive');
});

test('times need a zone, and an end after the start', () => {
  for (const text of [
    'start=',
    'start=yesterday',
    'start=2026-01-02T12:00:00',
    'end=2026-13-01T00:00:00Z',
    'start=-5',
  ]) {
    refuses(text, 'bad-time');
  }
  refuses('start=5&end=5', 'bad-time');
});

test('a parameter of ours stands once, and a token has our letters', () => {
  refuses('_HLS_msn=1&_HLS_msn=1', 'repeated-parameter');
  refuses('token=a&token=b', 'repeated-parameter');
  refuses('token=', 'bad-token');
  refuses('token=a%22b', 'bad-token');
  refuses(`token=${'a'.repeat(1025)}`, 'bad-token');
});
