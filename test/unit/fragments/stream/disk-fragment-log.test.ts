import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreError } from '../../../../fragments/log/byte-store.ts';
import { LogReadError, LogWriteError } from '../../../../fragments/log/log-error.ts';
import { fragmentBoxBytes } from '../../../../fragments/stream/fragment-box.ts';
import { settle } from '../log/support/manual-clock.ts';
import { ChunkMaker, LogRig, listAll, makeInit, makeMedia, readSegment } from './support/log-rig.ts';

function writeErrorOf(promise: Promise<unknown>): Promise<LogWriteError> {
  return promise.then(
    () => assert.fail('it should have failed'),
    (error: unknown) => {
      assert.ok(error instanceof LogWriteError);
      return error;
    },
  );
}

test('an empty log', async () => {
  const log = await new LogRig().open();
  assert.deepEqual(log.end, { nextOrdinal: 0, nextRun: 0, lastSequence: 0 });
  assert.equal(log.firstOrdinal, 0);
  assert.equal(log.sizeBytes, 0);
  assert.deepEqual(await listAll(log), []);
  assert.equal(await log.find({ by: 'serverMs', atMs: 5 }), undefined);
  assert.equal(await log.find({ by: 'producerMs', atMs: 5 }), undefined);
  assert.equal(await log.find({ by: 'ordinal', ordinal: 0 }), undefined);
  assert.equal(await log.find({ by: 'number', number: 'x' }), undefined);
  assert.equal(await log.init('0123456789abcdef'), undefined);
  assert.deepEqual(await log.ranges('server', 0, 9e12), []);
  assert.equal(await log.deleteOldest(), 0);
  await assert.rejects(log.open(0), (error) => error instanceof LogReadError && error.code === 'not-found');
});

test('what is appended is found, listed and read, in an open file and in a sealed one', async () => {
  const rig = new LogRig();
  const log = await rig.open();
  const maker = new ChunkMaker();
  const chunks = [maker.fragment(), maker.fragment(3), maker.fragment()].flat();
  await Promise.all(chunks.map((chunk) => log.append(chunk)));
  const check = async (opened: typeof log): Promise<void> => {
    const infos = await listAll(opened);
    assert.deepEqual(
      infos.map(({ ordinal }) => ordinal),
      [0, 1, 2],
    );
    assert.deepEqual(infos[0], chunks[0]?.fragment);
    // the boxes between a fragment's chunks are part of its segment
    const between = fragmentBoxBytes([]) * 2;
    assert.deepEqual(infos[1], {
      ...chunks[3]?.fragment,
      sizeBytes: (chunks[3]?.fragment.sizeBytes ?? 0) + between,
    });
    assert.deepEqual(await readSegment(opened, 0), Buffer.concat(chunks[0]?.buffers ?? []));
    const segment = await readSegment(opened, 1);
    const mediaBytes = Buffer.concat(makeMedia(1, 0, 200)).length;
    assert.deepEqual(segment.subarray(0, mediaBytes), Buffer.concat(makeMedia(1, 0, 200)));
    assert.deepEqual(segment.subarray(-mediaBytes), Buffer.concat(makeMedia(1, 2, 200)));
    assert.deepEqual(await opened.init(maker.init.id), {
      ...maker.init,
      bytes: Buffer.from(maker.init.bytes),
    });
    assert.deepEqual(opened.end, { nextOrdinal: 3, nextRun: 1, lastSequence: 1003 });
  };
  await check(log);
  await log.close();
  await check(await new LogRig({ disk: rig.disk }).open());
});

test('a file is ftyp, moov, then uuid prft moof mdat for each chunk', async () => {
  const rig = new LogRig();
  const log = await rig.open();
  const maker = new ChunkMaker();
  await rig.write(log, maker, 1, 2);
  const path = rig.disk.paths.find((name) => name.endsWith('.mp4')) ?? '';
  const bytes = rig.disk.bytesOf(path);
  const types: string[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at))
    types.push(bytes.toString('latin1', at + 4, at + 8));
  const chunk = ['uuid', 'prft', 'moof', 'mdat'];
  assert.deepEqual(types, ['ftyp', 'moov', ...chunk, ...chunk]);
  assert.match(path, /^streams\/cam\/[0-9]{47}\.mp4$/);
});

test('rule 2: a fragment is not findable before its bytes are written, nor acknowledged before it is findable', async () => {
  const rig = new LogRig();
  const log = await rig.open();
  const { promise: mayWrite, resolve: allow } = Promise.withResolvers<undefined>();
  rig.disk.onOperation = ({ kind, path }) =>
    kind === 'append' && path.endsWith('.mp4') ? mayWrite : undefined;
  const [chunk] = new ChunkMaker().fragment();
  assert.ok(chunk);
  let isAcknowledged = false;
  const appended = log.append(chunk).then(() => {
    isAcknowledged = true;
  });
  await settle();
  assert.deepEqual(await listAll(log), []);
  assert.equal(isAcknowledged, false);
  allow(undefined);
  await appended;
  assert.equal((await listAll(log)).length, 1);
});

test('rule 3: acknowledged only after the sync of the bytes and of the directory', async () => {
  const rig = new LogRig();
  const log = await rig.open();
  for (const stopped of ['sync', 'sync-directory'] as const) {
    const { promise: gate, resolve: open } = Promise.withResolvers<undefined>();
    rig.disk.onOperation = ({ kind }) => (kind === stopped ? gate : undefined);
    const maker = new ChunkMaker();
    maker.nextOrdinal = log.end.nextOrdinal;
    maker.sequence = log.end.lastSequence;
    maker.serverMs += maker.nextOrdinal * maker.durationMs;
    maker.init = makeInit(maker.nextOrdinal); // a new file, whose name must become durable too
    let isAcknowledged = false;
    const [chunk] = maker.fragment();
    assert.ok(chunk);
    const appended = log.append(chunk).then(() => {
      isAcknowledged = true;
    });
    await settle();
    // sealing the first file syncs as well, so that the second never begins while syncs are stopped
    assert.equal(isAcknowledged, false, stopped);
    open(undefined);
    await appended;
  }
});

test('with policy none nothing is synced before the file is sealed, and appends are acknowledged', async () => {
  const rig = new LogRig({ syncPolicy: 'none' });
  const log = await rig.open();
  await rig.write(log, new ChunkMaker(), 3);
  assert.equal(rig.disk.counts.get('sync') ?? 0, 0);
  await log.close();
  assert.ok((rig.disk.counts.get('sync') ?? 0) > 0);
});

test('with policy interval one round makes the fragments of many streams durable', async () => {
  const rig = new LogRig({ syncPolicy: 'interval', syncIntervalMs: 500 });
  const logs = await Promise.all(['a', 'b', 'c'].map((name) => rig.open(name)));
  await rig.clock.advance(10_000);
  const first = logs.map((log) => rig.write(log, new ChunkMaker(), 2));
  await rig.clock.advance(1); // the last round is long ago: one begins at once
  await Promise.all(first);
  const { syncRounds } = rig.store.stats();
  const makers = logs.map((log) => {
    const maker = new ChunkMaker();
    maker.nextOrdinal = log.end.nextOrdinal;
    maker.sequence = log.end.lastSequence;
    return maker;
  });
  const second = logs.map((log, at) => rig.write(log, makers[at] ?? new ChunkMaker(), 3));
  await rig.clock.advance(498);
  assert.equal(rig.store.stats().dirtyFiles, 3);
  await rig.clock.advance(1);
  await Promise.all(second);
  assert.equal(rig.store.stats().syncRounds, syncRounds + 1);
});

test('rule 6: a new file for another init segment, at the size limit and at the time limit, and only at a first chunk', async () => {
  const rig = new LogRig({ fileMaxBytes: 3000, fileMaxMs: 20_000 });
  const log = await rig.open();
  const maker = new ChunkMaker();
  const files = (): number => rig.disk.paths.filter((path) => path.endsWith('.mp4')).length;
  await rig.write(log, maker, 1);
  maker.init = makeInit(1);
  await rig.write(log, maker, 1);
  assert.equal(files(), 2, 'init');
  await rig.write(log, maker, 1, 9);
  assert.equal(files(), 2, 'a fragment is not split');
  await rig.write(log, maker, 1);
  assert.equal(files(), 3, 'size');
  maker.serverMs += 20_000;
  await rig.write(log, maker, 1);
  assert.equal(files(), 4, 'time');
  assert.deepEqual(
    (await listAll(log)).map(({ ordinal }) => ordinal),
    [0, 1, 2, 3, 4],
  );
});

test('the times at which files end are spread over the streams, and stay the same', async () => {
  const rolls = async (stream: string): Promise<number[]> => {
    const rig = new LogRig({ fileMaxMs: 60_000 });
    const log = await rig.open(stream);
    await rig.write(log, new ChunkMaker(), 90);
    await log.close();
    const starts = rig.disk.paths.filter((path) => path.endsWith('.mp4'));
    const firsts: number[] = [];
    for (const path of starts) {
      const info = await log.find({ by: 'number', number: path.split('/')[2]?.slice(0, 47) ?? '' });
      firsts.push((info?.serverMs ?? 0) % 60_000);
    }
    return firsts.slice(1);
  };
  const [one, again, other] = [await rolls('one'), await rolls('one'), await rolls('other')];
  assert.equal(new Set(one).size, 1);
  assert.deepEqual(one, again);
  assert.notDeepEqual(one, other);
});

test('rule 12: chunks that do not follow are refused one by one, the others are kept', async () => {
  const rig = new LogRig();
  const log = await rig.open();
  const maker = new ChunkMaker();
  const [first, second, third] = [maker.fragment(), maker.fragment(3), maker.fragment()];
  const bad = [
    { ...first[0], fragment: { ...first[0]?.fragment, timescale: 0, ordinal: 0 } },
    { ...first[0], fragment: { ...first[0]?.fragment, number: 'nonsense' } },
    { ...first[0], fragment: { ...first[0]?.fragment, serverMs: 5 } },
    { ...first[0], tags: [{ name: 'large', value: 'x'.repeat(70_000) }] },
  ] as typeof first;
  const failed = bad.map((chunk) => writeErrorOf(log.append(chunk)));
  const appended = [first[0], second[0], second[2], third[0], first[0]].map((chunk) => {
    assert.ok(chunk);
    return log.append(chunk).then(
      () => 'written',
      (error: LogWriteError) => error.code,
    );
  });
  for (const error of await Promise.all(failed)) assert.equal(error.code, 'invalid');
  assert.deepEqual(await Promise.all(appended), ['written', 'written', 'invalid', 'written', 'invalid']);
  const infos = await listAll(log);
  assert.deepEqual(
    infos.map(({ ordinal, durationTicks }) => [ordinal, durationTicks]),
    [
      [0, 180_000],
      [1, 60_000], // only its first chunk
      [2, 180_000],
    ],
  );
});

test('a torn write is cut away and the file goes on', async () => {
  const rig = new LogRig();
  const log = await rig.open();
  const maker = new ChunkMaker();
  await rig.write(log, maker, 2);
  const error = new StoreError('io-error', 'the cable');
  rig.disk.onOperation = ({ kind, path }) =>
    kind === 'append' && path.endsWith('.mp4') ? { error, tornBytes: 77 } : undefined;
  const [lost] = maker.fragment();
  assert.ok(lost);
  assert.equal((await writeErrorOf(log.append(lost))).code, 'io-error');
  rig.disk.onOperation = () => undefined;
  await rig.write(log, maker, 2);
  assert.deepEqual(
    (await listAll(log)).map(({ ordinal }) => ordinal),
    [0, 1, 3, 4],
  );
  await log.close();
  assert.equal(rig.disk.paths.filter((path) => path.endsWith('.mp4')).length, 1);
  const again = await new LogRig({ disk: rig.disk }).open();
  assert.deepEqual(
    (await listAll(again)).map(({ ordinal }) => ordinal),
    [0, 1, 3, 4],
  );
});

test('a torn write that cannot be cut away gives the file up', async () => {
  const rig = new LogRig();
  const log = await rig.open();
  const maker = new ChunkMaker();
  await rig.write(log, maker, 2);
  const error = new StoreError('io-error', 'the cable');
  rig.disk.onOperation = ({ kind, path }) =>
    path.endsWith('.mp4') && (kind === 'append' || kind === 'truncate')
      ? { error, tornBytes: 77 }
      : undefined;
  const [lost] = maker.fragment();
  assert.ok(lost);
  await writeErrorOf(log.append(lost));
  rig.disk.onOperation = () => undefined;
  await rig.write(log, maker, 2);
  assert.deepEqual(rig.events.filter(({ type }) => type === 'abandoned').length, 1);
  const again = await new LogRig({ disk: rig.disk.afterKill() }).open();
  assert.deepEqual(
    (await listAll(again)).map(({ ordinal }) => ordinal),
    [0, 1, 3, 4],
  );
});

test('a failed sync gives the file up: what it had not made durable is reported lost, nothing else', async () => {
  const rig = new LogRig();
  const log = await rig.open();
  const maker = new ChunkMaker();
  await rig.write(log, maker, 2);
  rig.disk.onOperation = ({ kind, path }) =>
    kind === 'sync' && path.endsWith('.mp4') ? { error: new StoreError('io-error', 'EIO') } : undefined;
  const lost = [maker.fragment(), maker.fragment()].flat().map((chunk) => writeErrorOf(log.append(chunk)));
  for (const error of await Promise.all(lost)) assert.equal(error.code, 'io-error');
  await settle();
  rig.disk.onOperation = () => undefined;
  assert.deepEqual(
    (await listAll(log)).map(({ ordinal }) => ordinal),
    [0, 1],
    'it is given up at once',
  );
  await rig.write(log, maker, 2);
  const stored = [0, 1, 4, 5];
  assert.deepEqual(
    (await listAll(log)).map(({ ordinal }) => ordinal),
    stored,
  );
  assert.equal(rig.disk.paths.filter((path) => path.endsWith('.mp4')).length, 2);
  const [event] = rig.events;
  assert.equal(event?.type, 'abandoned');
  await log.close();
  for (const disk of [rig.disk.afterKill(), rig.disk.afterPowerCut()]) {
    assert.deepEqual(
      (await listAll(await new LogRig({ disk }).open())).map(({ ordinal }) => ordinal),
      stored,
    );
  }
});

test('a file whose first sync fails is deleted, and the stream goes on', async () => {
  const rig = new LogRig();
  const log = await rig.open();
  const maker = new ChunkMaker();
  rig.disk.onOperation = ({ kind }) =>
    kind === 'sync' ? { error: new StoreError('io-error', 'EIO') } : undefined;
  const [lost] = maker.fragment();
  assert.ok(lost);
  await writeErrorOf(log.append(lost));
  await settle();
  rig.disk.onOperation = () => undefined;
  assert.deepEqual(rig.disk.paths, []);
  assert.deepEqual(await listAll(log), []);
  await rig.write(log, maker, 1);
  assert.deepEqual(
    (await listAll(log)).map(({ ordinal }) => ordinal),
    [1],
  );
});

test('an index that cannot be written costs no media', async () => {
  const rig = new LogRig();
  const log = await rig.open();
  const maker = new ChunkMaker();
  rig.disk.onOperation = ({ kind, path }) =>
    path.endsWith('.idx') || path.endsWith('manifest')
      ? kind === 'delete'
        ? undefined
        : { error: new StoreError('io-error', 'bad sector'), tornBytes: 30 }
      : undefined;
  await rig.write(log, maker, 3);
  await log.close();
  assert.ok(rig.events.some(({ type }) => type === 'index-failed'));
  rig.disk.onOperation = () => undefined;
  const again = await new LogRig({ disk: rig.disk }).open();
  assert.deepEqual(
    (await listAll(again)).map(({ ordinal }) => ordinal),
    [0, 1, 2],
  );
});

test('whatever else fails while a file is sealed, the log goes on and nothing acknowledged is lost', async () => {
  const kinds = [
    'delete',
    'replace',
    'sync',
    'create',
    'append',
    'truncate',
    'sync-directory',
    'read',
  ] as const;
  for (const failing of kinds) {
    const rig = new LogRig({ fileMaxMs: 6000 });
    const log = await rig.open();
    const maker = new ChunkMaker();
    await rig.write(log, maker, 1);
    const acknowledged = [0];
    rig.disk.onOperation = ({ kind }) =>
      kind === failing ? { error: new StoreError('io-error', failing), tornBytes: 10 } : undefined;
    const append = async (): Promise<void> => {
      for (const chunk of maker.fragment()) {
        await log.append(chunk).then(
          () => acknowledged.push(chunk.fragment.ordinal),
          (error: LogWriteError) => assert.equal(error.code, 'io-error'),
        );
      }
    };
    for (let fragment = 0; fragment < 10; fragment++) await append();
    rig.disk.onOperation = () => undefined;
    for (let fragment = 0; fragment < 10; fragment++) await append();
    assert.equal(acknowledged.at(-1), 20, failing);
    const ordinals = new Set((await listAll(log)).map(({ ordinal }) => ordinal));
    for (const ordinal of acknowledged) assert.ok(ordinals.has(ordinal), `${failing}: ${ordinal}`);
    await log.close();
    for (const disk of [rig.disk.afterKill(), rig.disk.afterPowerCut()]) {
      const found = new Set((await listAll(await new LogRig({ disk }).open())).map(({ ordinal }) => ordinal));
      for (const ordinal of acknowledged)
        assert.ok(found.has(ordinal), `${failing}, opened again: ${ordinal}`);
    }
  }
});

test('a lost lease fences the writer: nothing more is written, queued or new', async () => {
  const rig = new LogRig();
  let isHeld = true;
  const log = await rig.store.open('cam', { mayWrite: () => isHeld });
  const maker = new ChunkMaker();
  await rig.write(log, maker, 1);
  const { promise: gate, resolve: open } = Promise.withResolvers<undefined>();
  rig.disk.onOperation = ({ kind }) => (kind === 'append' ? gate : undefined);
  const [running, queued, late] = [maker.fragment(), maker.fragment(), maker.fragment()].flat();
  assert.ok(running && queued && late);
  const first = log.append(running);
  await settle();
  const second = writeErrorOf(log.append(queued));
  isHeld = false;
  const third = writeErrorOf(log.append(late));
  open(undefined);
  await first;
  assert.equal((await second).code, 'fenced');
  assert.equal((await third).code, 'fenced');
  assert.equal((await listAll(log)).length, 2);
});

test('close finishes what is queued and refuses what comes after', async () => {
  const rig = new LogRig({ syncPolicy: 'interval' });
  const log = await rig.open();
  const maker = new ChunkMaker();
  const appended = Array.from({ length: 5 }, () => maker.fragment())
    .flat()
    .map((chunk) => log.append(chunk));
  await log.close();
  await Promise.all(appended);
  const [late] = maker.fragment();
  assert.ok(late);
  assert.equal((await writeErrorOf(log.append(late))).code, 'closed');
  assert.equal(log.pendingBytes, 0);
  await log.close();
});

test('a disk clock set back 30 s: with server times as StreamNumbering gives them, every fragment is found by time', async () => {
  const rig = new LogRig({ fileMaxMs: 10_000 });
  const log = await rig.open();
  const maker = new ChunkMaker();
  await rig.write(log, maker, 10);
  const backAt = maker.serverMs;
  // for 30 s the server time stands still at its highest value
  for (let fragment = 0; fragment < 15; fragment++) {
    maker.serverMs = backAt;
    await rig.write(log, maker, 1);
  }
  await rig.write(log, maker, 10);
  assert.equal((await listAll(log)).length, 35);
  assert.equal((await log.find({ by: 'serverMs', atMs: backAt - 1 }))?.ordinal, 9);
  assert.equal((await log.find({ by: 'serverMs', atMs: backAt }))?.ordinal, 24);
  assert.equal((await log.find({ by: 'serverMs', atMs: backAt + 2000 }))?.ordinal, 25);
  assert.equal((await log.ranges('server', 0, 9e12)).length, 1);
});
