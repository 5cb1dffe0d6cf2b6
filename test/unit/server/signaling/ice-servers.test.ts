import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { iceServersFor, iceUrlsOf, isIceUrlList } from '../../../../server/signaling/ice-servers.ts';

const NOW_MS = 1_700_000_000_900;

describe('ICE servers', () => {
  it('get credentials that a TURN server with the shared secret takes until they expire', () => {
    const urls = ['stun:h:3478', 'turn:h:3478?transport=udp', 'turns:h:5349?transport=tcp'];
    const servers = iceServersFor({ urls, secret: 's3cret', ttlSeconds: 300 }, 'one', NOW_MS);
    const Username = '1700000300:one';
    const Password = createHmac('sha1', 's3cret').update(Username).digest('base64');
    assert.deepEqual(servers, [
      { Uris: ['stun:h:3478'], Ttl: 300 },
      { Uris: ['turn:h:3478?transport=udp', 'turns:h:5349?transport=tcp'], Username, Password, Ttl: 300 },
    ]);
  });

  it('are none when none are configured', () => {
    assert.deepEqual(iceServersFor({ urls: [], secret: undefined, ttlSeconds: 300 }, 'one', NOW_MS), []);
  });

  it('come in entries of no more URLs than webrtc-c has room for', () => {
    const urls = Array.from({ length: 9 }, (_, index) => `turn:host${index}`);
    const servers = iceServersFor({ urls, secret: undefined, ttlSeconds: 30 }, 'one', NOW_MS);
    assert.deepEqual(
      servers.map(({ Uris }) => Uris.length),
      [4, 4, 1],
    );
    assert.equal(servers[0]?.Username, undefined);
  });

  it('are configured as a list of URLs', () => {
    for (const text of ['stun:h', 'stun:1.2.3.4:3478, turns:[::1]:443?transport=tcp'])
      assert(isIceUrlList(text), text);
    for (const text of [
      'h:3478',
      'http://h',
      'turn:h,',
      'turn:h?transport=x',
      'turn:a b',
      `turn:${'h'.repeat(300)}`,
      Array(17).fill('stun:h').join(),
    ]) {
      assert(!isIceUrlList(text), text);
    }
    assert.deepEqual(iceUrlsOf('stun:a, turn:b'), ['stun:a', 'turn:b']);
  });
});
