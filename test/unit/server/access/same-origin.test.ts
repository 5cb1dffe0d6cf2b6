import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isLoopbackHost } from '../../../../server/access/loopback.ts';
import { hasLoopbackHost, isFromBrowserPage, isSameOrigin } from '../../../../server/access/same-origin.ts';

describe('isSameOrigin', () => {
  const cases: [Record<string, string>, boolean][] = [
    [{ 'sec-fetch-site': 'same-origin', host: 'a' }, true],
    [{ 'sec-fetch-site': 'none', host: 'a' }, true],
    [{ 'sec-fetch-site': 'same-site', host: 'a' }, false],
    [{ 'sec-fetch-site': 'cross-site', origin: 'http://a', host: 'a' }, false],
    [{ origin: 'http://a:8080', host: 'a:8080' }, true],
    [{ origin: 'https://a:8080', ':authority': 'a:8080' }, true],
    [{ origin: 'http://a:8081', host: 'a:8080' }, false],
    [{ origin: 'http://evil', host: 'a' }, false],
    [{ origin: 'null', host: 'a' }, false],
    [{ origin: 'http://a' }, false],
    [{ host: 'a' }, false],
    [{}, false],
  ];

  it('trusts what only the browser can say', () => {
    for (const [headers, expected] of cases)
      assert.equal(isSameOrigin({ headers }), expected, JSON.stringify(headers));
  });

  it('knows the public origin of a server behind a proxy', () => {
    const headers = { origin: 'https://video.example.org', host: '127.0.0.1:8080' };
    assert.equal(isSameOrigin({ headers }), false);
    assert.equal(isSameOrigin({ headers }, 'https://video.example.org'), true);
  });

  it('tells pages from programs', () => {
    assert.equal(isFromBrowserPage({ headers: { host: 'a' } }), false);
    assert.equal(isFromBrowserPage({ headers: { origin: 'null' } }), true);
    assert.equal(isFromBrowserPage({ headers: { 'sec-fetch-site': 'none' } }), true);
  });
});

describe('loopback hosts', () => {
  it('are those that only this machine reaches', () => {
    for (const host of [
      'localhost',
      'LOCALHOST',
      '127.0.0.1',
      '127.9.9.9',
      '::1',
      '[::1]',
      '::ffff:127.0.0.1',
    ]) {
      assert.equal(isLoopbackHost(host), true, host);
    }
    for (const host of [
      '0.0.0.0',
      '::',
      '',
      '10.0.0.1',
      '127.0.0.1.evil.org',
      'example.org',
      'localhost.evil.org',
    ]) {
      assert.equal(isLoopbackHost(host), false, host);
    }
  });

  it('are read from the Host header, with and without port', () => {
    for (const host of ['localhost:8080', '127.0.0.1', '[::1]:8080', '[::1]']) {
      assert.equal(hasLoopbackHost({ headers: { host } }), true, host);
    }
    assert.equal(hasLoopbackHost({ headers: { ':authority': 'localhost:1' } }), true);
    assert.equal(hasLoopbackHost({ headers: { host: 'rebound.evil.org:8080' } }), false);
    assert.equal(hasLoopbackHost({ headers: {} }), false);
  });
});
