import assert from 'node:assert/strict';
import { it } from 'node:test';
import { redactUrl } from '../../../../server/observe/redact.ts';

it('secrets in URLs are hidden, wherever the URL stands', () => {
  const cases: [string, string][] = [
    ['rtmp://h/live/cam?key=abc', 'rtmp://h/live/cam?key=***'],
    ['/play/cam/live.m3u8?_HLS_msn=5&token=a.b-c&x=1', '/play/cam/live.m3u8?_HLS_msn=5&token=***&x=1'],
    ['/login?token=abc#top', '/login?token=***#top'],
    ['cam?KEY=abc', 'cam?KEY=***'],
    ['?a=1&X-Amz-Signature=ff&X-Amz-Credential=A/B', '?a=1&X-Amz-Signature=***&X-Amz-Credential=***'],
    ['rtmp://user:pass@host:1935/live', 'rtmp://***@host:1935/live'],
    ['{"url":"/x?token=abc","next":"y"}', '{"url":"/x?token=***","next":"y"}'],
    ['{"msg":"\\"/x?key=abc\\" is bad"}', '{"msg":"\\"/x?key=***\\" is bad"}'],
    ['?password=a&secret=b&pass=c', '?password=***&secret=***&pass=***'],
    ['monkey=1 ?turkey=2 /path@home mail a@b.c', 'monkey=1 ?turkey=2 /path@home mail a@b.c'],
    ['?key=', '?key='],
  ];
  for (const [text, expected] of cases) assert.equal(redactUrl(text), expected);
});
