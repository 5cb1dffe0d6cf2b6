import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parseHostPort, readFlags } from '../../../../server/config/flags.ts';
import { settings } from '../../../../server/config/settings.ts';
import { ConfigError, loadConfig, makeConfig } from '../../../../server/config.ts';

let folder: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'framelog-config-'));
});
after(() => rmSync(folder, { recursive: true }));

function fileOf(content: unknown): string {
  const path = join(folder, 'framelog.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const none = readFlags({});

/** The problems that a call complains of. */
function problemsOf(call: () => unknown, code = 'invalid'): readonly string[] {
  try {
    call();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.equal(error.code, code);
    return error.problems;
  }
  return assert.fail('nothing was thrown');
}

describe('configuration', () => {
  it('has defaults for all that is needed', () => {
    const { config, warnings } = loadConfig({ environment: {}, flags: none });
    assert.equal(config.dataDir, resolve('framelog-data'));
    assert.deepEqual(config.http, { host: '127.0.0.1', port: 8080 });
    assert.equal(config.rtmp.port, 1935);
    assert.equal(config.log.fileMaxBytes, 512 * 2 ** 20);
    assert.equal(config.streams.retentionHours, null);
    assert.deepEqual(warnings, []);
  });

  it('lets flags win over the environment, that over the file, that over the defaults', () => {
    const file = fileOf({ http: { port: 1, host: '127.0.0.2' }, live: { partMs: 300, windowFragments: 5 } });
    const environment = { FRAMELOG_HTTP_PORT: '2', FRAMELOG_LIVE_PART_MS: '400', FRAMELOG_LOG_SYNC: '' };
    const { config } = loadConfig({ file, environment, flags: readFlags({ http: ':3' }) });
    assert.deepEqual(config.http, { host: '127.0.0.2', port: 3 });
    assert.equal(config.live.partMs, 400);
    assert.equal(config.live.windowFragments, 5);
    assert.equal(config.log.sync, 'interval', 'an empty variable is not set');
  });

  it('reads texts of the environment by the type of their setting', () => {
    const environment = {
      FRAMELOG_STREAMS_AUTO_CREATE: 'false',
      FRAMELOG_STREAMS_RETENTION_HOURS: '0.5',
      FRAMELOG_STREAMS_MAX_BYTES: 'null',
      FRAMELOG_LOG_FILE_MAX_BYTES: '1.5GiB',
      FRAMELOG_LOG_BACKLOG_BYTES: '2147483648',
      FRAMELOG_HTTP_HOST: '::1',
      FRAMELOG_RTMP_TLS_CERT_FILE: '1',
      FRAMELOG_RTMP_TLS_KEY_FILE: 'key.pem',
    };
    const { config } = loadConfig({ environment, flags: none });
    assert.equal(config.streams.autoCreate, false);
    assert.equal(config.streams.retentionHours, 0.5);
    assert.equal(config.streams.maxBytes, null);
    assert.equal(config.log.fileMaxBytes, 1.5 * 2 ** 30);
    assert.equal(config.log.backlogBytes, 2 ** 31);
    assert.equal(config.http.host, '::1');
    assert.deepEqual(config.rtmp.tls, { port: 1936, certFile: '1', keyFile: 'key.pem' });
  });

  it('warns of unknown variables with its prefix only', () => {
    const environment = {
      PATH: '/bin',
      FRAMELOG_HTP_PORT: '1',
      FRAMELOG_SERVICE_HOST: '10.0.0.1',
      FRAMELOG_ACCESS_KEY_ID: 'ID',
      FRAMELOG_SECRET_ACCESS_KEY: 'secret',
    };
    const { warnings } = loadConfig({ environment, flags: none });
    assert.equal(warnings.length, 2);
    assert.match(warnings[0] ?? '', /FRAMELOG_HTP_PORT .*did you mean FRAMELOG_HTTP_PORT\?/);
    assert.match(warnings[1] ?? '', /FRAMELOG_SERVICE_HOST/);
  });

  it('reads flags, --set last', () => {
    const flags = readFlags({
      data: '/d',
      http: '[::1]:0',
      rtmp: '5',
      open: true,
      set: ['live.partMs=200', 'rtmp.port=6'],
    });
    const { config } = loadConfig({ environment: {}, flags });
    assert.equal(config.dataDir, '/d');
    assert.deepEqual(config.http, { host: '::1', port: 0 });
    assert.equal(config.rtmp.port, 6);
    assert.equal(config.live.partMs, 200);
    assert.equal(config.access.open, true);
  });

  it('reads HOST:PORT in its forms', () => {
    assert.deepEqual(parseHostPort('127.0.0.1:80', '--http'), { host: '127.0.0.1', port: 80 });
    assert.deepEqual(parseHostPort('[::]:80', '--http'), { host: '::', port: 80 });
    assert.deepEqual(parseHostPort('80', '--http'), { port: 80 });
    for (const bad of ['host', 'host:', '::1:80', 'host:99999', '[x]:1', '', 'host:-1']) {
      assert.equal(problemsOf(() => parseHostPort(bad, '--http')).length, 1, bad);
    }
  });

  it('refuses unknown names with a suggestion', () => {
    const file = fileOf({ http: { prot: 1 }, rmtp: { port: 2 }, partMs: 3, zzzzzzz: 4 });
    const problems = problemsOf(() => loadConfig({ file, environment: {}, flags: none }));
    assert.equal(problems.length, 4);
    assert.match(
      problems[0] ?? '',
      /framelog\.json: http\.prot is not a setting; did you mean http\.port\?$/,
    );
    assert.match(problems[1] ?? '', /rmtp is not a setting; did you mean rtmp\?$/);
    assert.match(problems[2] ?? '', /partMs is not a setting; did you mean live\.partMs\?$/);
    assert.match(problems[3] ?? '', /zzzzzzz is not a setting$/);
    assert.deepEqual(
      problemsOf(() => readFlags({ set: ['http.prot=1'] })),
      ['--set: http.prot is not a setting; did you mean http.port?'],
    );
    assert.match(problemsOf(() => readFlags({ set: ['http.port'] }))[0] ?? '', /NAME=VALUE/);
  });

  it('takes no key of Object.prototype for a setting', () => {
    for (const text of ['{"__proto__":{"port":1}}', '{"constructor":1}', '{"http":{"toString":1}}']) {
      const file = fileOf(text);
      problemsOf(() => loadConfig({ file, environment: {}, flags: none }));
    }
    assert.equal(({} as { port?: number }).port, undefined);
  });

  it('says which values are right, and where the wrong one came from', () => {
    const file = fileOf({ live: { partMs: 5 }, log: { sync: 'always' }, streams: 7, http: { port: '80' } });
    assert.deepEqual(
      problemsOf(() => loadConfig({ file, environment: {}, flags: none })),
      [`${file}: streams must be an object of settings: { "name": value }`],
    );
    const values = fileOf({
      live: { partMs: 5 },
      log: { sync: 'always' },
      http: { port: '80', tls: { certFile: 'c' } },
    });
    const environment = { FRAMELOG_LOG_BACKLOG_BYTES: '5MB', FRAMELOG_HTTP_PUBLIC_URL: 'ftp://x' };
    assert.deepEqual(
      problemsOf(() => loadConfig({ file: values, environment, flags: none })),
      [
        `${values}: http.port must be a whole number from 0 to 65535, not "80"`,
        'FRAMELOG_HTTP_PUBLIC_URL: http.publicUrl must be an origin like `https://video.example.org`, not "ftp://x"',
        'http.tls.keyFile is missing: it must be a text when its group is given',
        `${values}: log.sync must be \`fragment\`, \`interval\`, \`none\`, not "always"`,
        'FRAMELOG_LOG_BACKLOG_BYTES: log.backlogBytes must be a size like `512MiB` from 1MiB, not "5MB"',
        `${values}: live.partMs must be a whole number from 200 to 1000, not 5`,
      ],
    );
  });

  it('says of an empty optional group what it lacks', () => {
    const file = fileOf({ http: { tls: {} } });
    assert.equal(problemsOf(() => loadConfig({ file, environment: {}, flags: none })).length, 2);
  });

  it('refuses what contradicts itself', () => {
    const cases: [unknown, RegExp][] = [
      [{ access: { open: true }, http: { host: '0.0.0.0' } }, /loopback only, not on 0\.0\.0\.0/],
      [{ access: { open: true }, rtmp: { host: 'example.org' } }, /loopback only, not on example\.org/],
      [{ fragments: { minMs: 2000, maxMs: 2000 } }, /minMs/],
      [{ log: { backlogBytes: '32MiB' } }, /backlogBytesPerStream/],
      [{ http: { port: 1935 } }, /differ/],
    ];
    for (const [given, expected] of cases) {
      assert.match(problemsOf(() => makeConfig(given as Record<string, unknown>)).join(), expected);
    }
    makeConfig({ http: { host: '0.0.0.0', port: 0 }, rtmp: { port: 0 } });
    makeConfig({ access: { open: true }, http: { host: 'localhost' }, rtmp: { host: '::1' } });
  });

  it('tells of a file that is not there, is not JSON, or is something else', () => {
    const load = (file: string) => () => loadConfig({ file, environment: {}, flags: none });
    problemsOf(load(join(folder, 'missing.json')), 'unreadable');
    problemsOf(load(folder), 'unreadable');
    problemsOf(load(fileOf(' '.repeat(300_000))), 'unreadable');
    problemsOf(load(fileOf('{ "http": ')), 'not-json');
    for (const text of ['[]', 'null', '5', '"x"']) problemsOf(load(fileOf(text)));
  });

  it('describes every setting, each with a variable of its own', () => {
    const all = [...settings.values()];
    assert.ok(all.length > 30);
    for (const setting of all) assert.ok(setting.description.length > 10, setting.name);
    assert.equal(new Set(all.map(({ variable }) => variable)).size, all.length);
  });
});
