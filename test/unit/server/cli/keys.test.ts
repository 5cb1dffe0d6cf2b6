import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { AccessControl } from '../../../../server/access/access-control.ts';
import { catalogPath, SqliteCatalog } from '../../../../server/catalog/sqlite-catalog.ts';
import { framelog } from './support/framelog.ts';

let data: string;
let catalog: SqliteCatalog;

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'framelog-keys-'));
  catalog = SqliteCatalog.open(catalogPath(data));
});

afterEach(() => {
  catalog.close();
  rmSync(data, { recursive: true });
});

const keys = (...args: string[]) => framelog(['keys', ...args, '--data', data]);

describe('framelog keys', () => {
  it('makes a key that a running server takes at once, and ends it at once', async () => {
    const access = new AccessControl(catalog, { open: false, sessionLifetimeMs: 1, loginLinkLifetimeMs: 1 });
    const made = await keys(
      'create',
      '--name',
      'front door',
      '--publish',
      'front-door',
      '--view',
      'front-*',
      '--json',
    );
    assert.equal(made.status, 0, made.stderr);
    const key = JSON.parse(made.stdout);
    assert.equal(key.name, 'front door');
    const recognition = access.recognizeSecret(key.secret, '::1', Date.now());
    assert.ok(recognition.ok);
    assert.equal(recognition.principal.may({ action: 'publish', stream: 'front-door' }), true);
    assert.equal(recognition.principal.may({ action: 'view', stream: 'front-x', of: 'live' }), true);
    assert.equal(recognition.principal.may({ action: 'publish', stream: 'front-x' }), false);

    assert.deepEqual(await keys('revoke', key.id), { status: 0, stdout: `Revoked ${key.id}.\n`, stderr: '' });
    assert.equal(access.recognizeSecret(key.secret, '::1', Date.now()).ok, false);
    assert.equal((await keys('revoke', key.id)).status, 0, 'revoked is revoked');
  });

  it('tells people the secret once, and how to publish', async () => {
    const { stdout } = await keys('create', '--name', 'n', '--publish', 'cam', '--expires', '2099-01-31');
    const secret = /secret {3}(\S{40})\n/.exec(stdout)?.[1];
    assert.ok(secret);
    assert.ok(stdout.includes(`rtmp://HOST:1935/live/cam?key=${secret}\n`));
    assert.match(stdout, /expires {2}2099-01-31T00:00:00\.000Z\n/);
    const list = await keys('list');
    assert.match(
      list.stdout,
      /^id +state +created +may +name\n\w{20} +until 2099-01-31 +\d{4}-\d\d-\d\d +publish cam +n\n$/,
    );
    assert.ok(!list.stdout.includes(secret));
    assert.ok(!(await keys('list', '--json')).stdout.includes(secret));
  });

  it('lists the state of keys', async () => {
    const base = { name: 'n', rights: [{ action: 'admin' }], createdMs: 0 } as const;
    catalog.insertKey({ ...base, id: 'EXPIRED', secret: 'a', expiresMs: 1, revokedMs: null });
    catalog.insertKey({ ...base, id: 'REVOKED', secret: 'b', expiresMs: 1, revokedMs: 1 });
    catalog.insertKey({ ...base, id: 'VALID', secret: 'c', expiresMs: null, revokedMs: null });
    const { stdout } = await keys('list');
    for (const id of ['EXPIRED', 'REVOKED', 'VALID'])
      assert.match(stdout, new RegExp(`${id} +${id.toLowerCase()} `));
    assert.equal(JSON.parse((await keys('list', '--json')).stdout).length, 3);
  });

  it('refuses keys without rights or a name, bad patterns and past dates', async () => {
    const cases: [string[], RegExp][] = [
      [['create', '--name', 'n'], /give it a right/],
      [['create', '--admin'], /--name is missing/],
      [['create', '--name', 'n', '--publish', 'a/b'], /--publish a\/b: must be a stream name or a pattern/],
      [['create', '--name', 'n', '--admin', '--expires', '2001-01-01'], /in the past/],
      [['create', '--name', 'n', '--admin', '--expires', 'soon'], /--expires must be like/],
    ];
    for (const [args, expected] of cases) {
      const { status, stderr } = await keys(...args);
      assert.equal(status, 2, args.join(' '));
      assert.match(stderr, expected);
    }
    assert.deepEqual(catalog.listKeys(), []);
  });

  it('says when there is no such key, and no data', async () => {
    const unknown = await keys('revoke', 'NOBODY');
    assert.deepEqual([unknown.status, unknown.stdout], [1, '']);
    assert.match(unknown.stderr, /no key NOBODY/);
    const elsewhere = join(data, 'elsewhere');
    const { status, stderr } = await framelog(['keys', 'list'], { FRAMELOG_DATA_DIR: elsewhere });
    assert.equal(status, 1);
    assert.match(stderr, /there is no Framelog data in .*elsewhere/);
    assert.equal(existsSync(elsewhere), false, 'nothing is made by asking');
  });
});
