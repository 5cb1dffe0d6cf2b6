import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appName, parseRtmpUrl, readTarget } from '../../../../../server/ingest/rtmp/rtmp-address.ts';
import { RtmpError } from '../../../../../server/ingest/rtmp/rtmp-error.ts';

const isBadUrl = (error: unknown) => error instanceof RtmpError && error.code === 'bad-url';
const tcUrl = 'rtmp://host/live';

test('where encoders put the stream key', () => {
  const cases: readonly [
    what: string,
    parts: Parameters<typeof readTarget>[0],
    secret: string | undefined,
  ][] = [
    ['none', { app: 'live', tcUrl, name: 'cam' }, undefined],
    ['ffmpeg, OBS key field', { app: 'live', tcUrl, name: 'cam?key=s3' }, 's3'],
    ['other parameters around it', { app: 'live', tcUrl, name: 'cam?a=1&key=s3&b=2' }, 's3'],
    ['password', { app: 'live', tcUrl, name: 'cam?user=u&password=p%2Fw' }, 'p/w'],
    ['Base64 keeps its plus', { app: 'live', tcUrl, name: 'cam?key=a+b/c==' }, 'a+b/c=='],
    ['app', { app: 'live?key=s3', tcUrl, name: 'cam' }, 's3'],
    ['tcUrl', { app: 'live', tcUrl: `${tcUrl}?key=s3`, name: 'cam' }, 's3'],
    ['user and password', { app: 'live', tcUrl: 'rtmp://me:s%203@host/live', name: 'cam' }, 's 3'],
    ['user alone', { app: 'live', tcUrl: 'rtmps://s3@host/live', name: 'cam' }, 's3'],
    [
      'the name comes first',
      { app: 'live?key=no', tcUrl: 'rtmp://u:no@host/live', name: 'cam?key=s3' },
      's3',
    ],
    ['OBS server with the stream in it', { app: 'live/cam', tcUrl: `${tcUrl}/cam`, name: '?key=s3' }, 's3'],
    ['slashes', { app: 'live/', tcUrl, name: '/cam?key=s3' }, 's3'],
    ['empty is none', { app: 'live', tcUrl, name: 'cam?key=' }, undefined],
  ];
  for (const [what, parts, secret] of cases) {
    const target = readTarget(parts);
    assert.equal(target.stream, 'cam', what);
    assert.equal(target.secret, secret, what);
    assert.equal(target.token, undefined, what);
  }
  assert.equal(readTarget({ app: 'live', tcUrl, name: 'cam?token=t' }).token, 't');
});

test('names: dots, percent signs, what is refused', () => {
  assert.equal(readTarget({ app: 'live', tcUrl, name: 'cam.front-1_x' }).stream, 'cam.front-1_x');
  assert.equal(readTarget({ app: 'live', tcUrl, name: 'T%C3%BCr' }).stream, 'Tür');
  for (const name of ['', '?key=x', 'a/b', '%', 'cam?key=%zz']) {
    assert.throws(() => readTarget({ app: 'live', tcUrl, name }), isBadUrl, name);
  }
});

test('a secret stays out of the error', () => {
  assert.throws(
    () => readTarget({ app: 'live', tcUrl, name: 'cam?key=hush%' }),
    (error) => isBadUrl(error) && !String(error).includes('hush'),
  );
});

test('the app', () => {
  assert.equal(appName('live?key=x'), 'live');
  assert.equal(appName('/live/cam'), 'live');
  assert.equal(appName(''), '');
});

test("our publisher's URLs", () => {
  assert.deepEqual(parseRtmpUrl('rtmp://[::1]:1940/live/cam?key=a'), {
    host: '::1',
    port: 1940,
    isTls: false,
    app: 'live',
    tcUrl: 'rtmp://[::1]:1940/live',
    name: 'cam?key=a',
  });
  const withPassword = parseRtmpUrl('rtmps://me:s%203@example.org/app/instance/cam');
  assert.deepEqual(withPassword, {
    host: 'example.org',
    port: 443,
    isTls: true,
    app: 'app/instance',
    tcUrl: 'rtmps://example.org/app/instance',
    name: 'cam?key=s%203',
  });
  for (const url of ['http://host/live/cam', 'rtmp://host/cam', 'rtmp://host', 'nonsense']) {
    assert.throws(() => parseRtmpUrl(url), isBadUrl, url);
  }
});
