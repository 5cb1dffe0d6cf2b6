import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { CatalogError, type StreamRecord } from '../../../../server/catalog/catalog.ts';
import type { ChannelRecord } from '../../../../server/catalog/channel-catalog.ts';
import type { EdgeConfiguration } from '../../../../server/catalog/configuration-catalog.ts';
import { SqliteCatalog } from '../../../../server/catalog/sqlite-catalog.ts';

let folder: string;
let path: string;
let catalog: SqliteCatalog;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'framelog-catalog-'));
  path = join(folder, 'catalog.db');
  catalog = SqliteCatalog.open(path);
});

afterEach(() => {
  catalog.close();
  rmSync(folder, { recursive: true });
});

function reopen(): void {
  catalog.close();
  catalog = SqliteCatalog.open(path);
}

function stream(name: string, change: Partial<StreamRecord> = {}): StreamRecord {
  return { name, createdMs: 1_700_000_000_123, retentionHours: 24, maxBytes: null, version: 1, ...change };
}

function channel(name: string, change: Partial<ChannelRecord> = {}): ChannelRecord {
  return { name, createdMs: 5, type: 'SINGLE_MASTER', messageTtlSeconds: 60, version: 1, ...change };
}

function tags(count: number, prefix = 'key'): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`${prefix} ${at}`, `${at}`]));
}

const withCode = (code: string) => (error: unknown) => error instanceof CatalogError && error.code === code;
const cam = { kind: 'stream', name: 'cam' } as const;

describe('what AWS clients say of a stream', () => {
  it('is kept, changed and taken back', () => {
    const record = stream('cam', {
      deviceName: 'camera-7',
      mediaType: 'video/h264',
      kmsKeyId: 'alias/mine',
      isWarm: true,
    });
    catalog.insertStream(record, { site: 'north' });
    reopen();
    assert.deepEqual(catalog.stream('cam'), record);
    assert.deepEqual(catalog.tags.list(cam), { site: 'north' });
    catalog.updateStream({ ...record, isWarm: false, mediaType: 'video/h265', version: 2 });
    const { isWarm: _, ...cold } = record;
    assert.deepEqual(catalog.stream('cam'), { ...cold, mediaType: 'video/h265', version: 2 });
  });

  it('is not there when its tags are too many', () => {
    assert.throws(() => catalog.insertStream(stream('cam'), tags(51)), withCode('too-many'));
    assert.equal(catalog.stream('cam'), undefined);
    assert.deepEqual(catalog.tags.list(cam), {});
    catalog.insertStream(stream('cam'), tags(50));
    assert.throws(() => catalog.insertStream(stream('cam'), { a: 'b' }), withCode('already-exists'));
    assert.deepEqual(catalog.tags.list(cam), tags(50));
  });
});

describe('tags', () => {
  it('are added, replaced and removed, all of a call or none', () => {
    catalog.insertStream(stream('cam'), tags(49));
    assert.throws(
      () => catalog.tags.put(cam, { 'key 0': 'changed', one: '', two: '' }),
      withCode('too-many'),
    );
    assert.deepEqual(catalog.tags.list(cam), tags(49));
    catalog.tags.put(cam, { 'key 0': 'changed', one: '' });
    assert.deepEqual(catalog.tags.list(cam), { ...tags(49), 'key 0': 'changed', one: '' });
    catalog.tags.remove(cam, ['one', 'never', 'key 0']);
    reopen();
    assert.equal(Object.keys(catalog.tags.list(cam)).length, 48);
  });

  it('have keys of any text', () => {
    catalog.insertStream(stream('cam'));
    const odd = JSON.parse('{"__proto__": "a", "": "b", "tab\\t\\u0000": "c", "ключ": "d"}');
    catalog.tags.put(cam, odd);
    assert.deepEqual(Object.entries(catalog.tags.list(cam)).sort(), Object.entries(odd).sort());
  });

  it('of a stream and of a channel of the same name are apart, and go with their owner', () => {
    catalog.insertStream(stream('cam'), { of: 'stream' });
    catalog.channels.insert(channel('cam'), { of: 'channel' });
    catalog.deleteStream('cam');
    assert.deepEqual(catalog.tags.list(cam), {});
    assert.deepEqual(catalog.tags.list({ kind: 'channel', name: 'cam' }), { of: 'channel' });
    catalog.channels.delete('cam');
    assert.deepEqual(catalog.tags.list({ kind: 'channel', name: 'cam' }), {});
  });
});

describe('channels', () => {
  it('are kept, listed, updated by version and deleted', () => {
    const { channels } = catalog;
    for (const name of ['b', 'a', 'ab']) channels.insert(channel(name, { type: 'FULL_MESH' }), tags(2));
    assert.throws(() => channels.insert(channel('a')), withCode('already-exists'));
    assert.throws(() => channels.insert(channel('c'), tags(51)), withCode('too-many'));
    assert.equal(channels.count(), 3);
    const names = (options?: Parameters<typeof channels.list>[0]) =>
      channels.list(options).map(({ name }) => name);
    assert.deepEqual(names(), ['a', 'ab', 'b']);
    assert.deepEqual(names({ prefix: 'a', after: 'a' }), ['ab']);
    assert.deepEqual(names({ limit: 1 }), ['a']);
    const changed = channel('a', { type: 'FULL_MESH', messageTtlSeconds: 5, version: 2 });
    channels.update(changed);
    assert.throws(() => channels.update(changed), withCode('conflict'));
    assert.throws(() => channels.update(channel('x')), withCode('not-found'));
    reopen();
    assert.deepEqual(catalog.channels.get('a'), changed);
    assert.equal(catalog.channels.delete('a'), true);
    assert.equal(catalog.channels.delete('a'), false);
  });

  it('have one stream each, and a stream one channel', () => {
    const { channels } = catalog;
    for (const name of ['one', 'two']) {
      channels.insert(channel(name));
      catalog.insertStream(stream(name));
    }
    channels.putMediaStorage({ channel: 'one', stream: 'one', isEnabled: true });
    assert.throws(
      () => channels.putMediaStorage({ channel: 'two', stream: 'one', isEnabled: false }),
      withCode('already-exists'),
    );
    assert.throws(
      () => channels.putMediaStorage({ channel: 'two', stream: 'gone', isEnabled: false }),
      withCode('not-found'),
    );
    channels.putMediaStorage({ channel: 'one', stream: 'two', isEnabled: false });
    assert.deepEqual(channels.mediaStorage('one'), { channel: 'one', stream: 'two', isEnabled: false });
    assert.deepEqual(channels.mediaStorageOfStream('two'), channels.mediaStorage('one'));
    assert.equal(channels.mediaStorageOfStream('one'), undefined);
    catalog.deleteStream('two');
    assert.equal(channels.mediaStorage('one'), undefined);
    channels.putMediaStorage({ channel: 'two', stream: 'one', isEnabled: true });
    channels.delete('two');
    assert.equal(channels.mediaStorageOfStream('one'), undefined);
    channels.removeMediaStorage('two');
  });
});

describe('configurations', () => {
  const edge: EdgeConfiguration = {
    config: {
      HubDeviceArn: 'hub',
      RecorderConfig: { MediaSourceConfig: { MediaUriSecretArn: 'secret', MediaUriType: 'FILE_URI' } },
    },
    createdMs: 1,
    updatedMs: 2,
    wish: 'sync',
  };
  const notification = { Status: 'ENABLED', DestinationConfig: { Uri: 'https://h' } } as const;

  it('are put, listed, replaced and removed, each kind by itself', () => {
    const { configurations } = catalog;
    for (const name of ['b', 'a']) catalog.insertStream(stream(name));
    assert.equal(configurations.get('a', 'edge'), undefined);
    configurations.put('a', 'edge', edge);
    configurations.put('b', 'edge', { ...edge, wish: 'delete' });
    configurations.put('a', 'notification', notification);
    configurations.put('a', 'edge', { ...edge, updatedMs: 9 });
    reopen();
    assert.deepEqual(catalog.configurations.list('edge'), [
      { stream: 'a', configuration: { ...edge, updatedMs: 9 } },
      { stream: 'b', configuration: { ...edge, wish: 'delete' } },
    ]);
    assert.deepEqual(catalog.configurations.get('a', 'notification'), notification);
    assert.equal(catalog.configurations.remove('a', 'edge'), true);
    assert.equal(catalog.configurations.remove('a', 'edge'), false);
    assert.deepEqual(catalog.configurations.get('a', 'notification'), notification);
    catalog.deleteStream('a');
    assert.equal(catalog.configurations.get('a', 'notification'), undefined);
  });

  it('belong to a stream', () => {
    assert.throws(() => catalog.configurations.put('gone', 'edge', edge), withCode('not-found'));
  });

  it('that cannot be read are told', () => {
    catalog.insertStream(stream('a'));
    catalog.configurations.put('a', 'edge', edge);
    const raw = new DatabaseSync(path);
    for (const document of ['', 'null', '{"config":{}}']) {
      raw.prepare('UPDATE stream_configurations SET document = ?').run(document);
      assert.throws(() => catalog.configurations.get('a', 'edge'), withCode('damaged'));
      assert.throws(() => catalog.configurations.list('edge'), withCode('damaged'));
    }
    raw.close();
  });
});
