import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pageUrl, publishUrl } from '../../../../server/addresses.ts';
import { listeningLine, listeningText } from '../../../../server/cli/announce.ts';
import { makeConfig } from '../../../../server/config.ts';

const server = { ports: { http: 8081, rtmp: 1936 }, loginUrl: 'http://127.0.0.1:8081/login?token=t' };

describe('what a started server tells', () => {
  it('to programs: one JSON line', () => {
    const config = makeConfig({ dataDir: '/data' });
    const line = listeningLine(server, config, 42);
    assert.equal(line.indexOf('\n'), line.length - 1);
    const { version, ...rest } = JSON.parse(line);
    assert.equal(typeof version, 'string');
    assert.deepEqual(rest, {
      event: 'listening',
      pid: 42,
      http: { host: '127.0.0.1', port: 8081 },
      rtmp: { host: '127.0.0.1', port: 1936 },
      dataDir: '/data',
      loginUrl: server.loginUrl,
    });
    const tls = { ports: { ...server.ports, rtmps: 1937 } };
    const withTls = JSON.parse(listeningLine(tls, config, 42));
    assert.deepEqual(withTls.rtmps, { host: '127.0.0.1', port: 1937 });
    assert.equal('loginUrl' in withTls, false);
  });

  it('to people: where to look and how to publish', () => {
    const text = listeningText(server, makeConfig({ dataDir: '/data' }));
    assert.match(text, /page {5}http:\/\/127\.0\.0\.1:8081\/\n/);
    assert.ok(text.includes(server.loginUrl));
    assert.match(text, /rtmp:\/\/127\.0\.0\.1:1936\/live\/STREAM\?key=SECRET\n/);
    assert.match(text, /framelog keys create --data \/data /);
    const open = listeningText({ ports: server.ports }, makeConfig({ access: { open: true } }));
    assert.ok(!open.includes('SECRET') && !open.includes('log in') && !open.includes('keys create'));
  });

  it('names hosts as URLs need them', () => {
    const at = (http: Record<string, unknown>) => pageUrl(server, makeConfig({ http }));
    assert.equal(at({ host: '::1' }), 'http://[::1]:8081/');
    assert.equal(at({ host: '0.0.0.0' }), 'http://localhost:8081/');
    assert.equal(at({ publicUrl: 'https://video.example.org' }), 'https://video.example.org/');
    assert.equal(at({ tls: { certFile: 'c', keyFile: 'k' } }), 'https://127.0.0.1:8081/');
    assert.equal(
      publishUrl(server, makeConfig({ rtmp: { host: '::' } }), 'cam'),
      'rtmp://localhost:1936/live/cam',
    );
  });
});
