import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogWriteError } from '../../../../fragments/log/log-error.ts';
import type { DiskFragmentLog } from '../../../../fragments/stream/disk-fragment-log.ts';
import { settle } from '../log/support/manual-clock.ts';
import { ChunkMaker, LogRig, listAll } from './support/log-rig.ts';

const WRITERS = 200;
const STALL_MS = 5000;
const CHUNK_MS = 500;
const PAYLOAD_BYTES = 2000;

interface Writer {
  readonly log: DiskFragmentLog;
  readonly maker: ChunkMaker;
  readonly written: number[];
  readonly lost: { readonly ordinal: number; readonly code: string }[];
}

/** 200 cameras that send a fragment each half second, while the disk answers nothing for 5 s. */
async function stalledDisk(budgets: { streamBacklogBytes?: number; totalBacklogBytes?: number }) {
  const rig = new LogRig({ syncPolicy: 'interval', syncIntervalMs: 500, ...budgets });
  const writers: Writer[] = [];
  for (let at = 0; at < WRITERS; at++) {
    const maker = new ChunkMaker(rig.clock.nowMs());
    maker.durationMs = CHUNK_MS;
    maker.payloadBytes = PAYLOAD_BYTES;
    writers.push({ log: await rig.open(`cam-${at}`), maker, written: [], lost: [] });
  }
  let highestBacklog = 0;
  const pending: Promise<unknown>[] = [];
  const send = async (rounds: number): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      for (const { log, maker, written, lost } of writers) {
        const gapBefore = lost.at(-1)?.ordinal === maker.nextOrdinal - 1;
        for (const chunk of maker.fragment(1, { gapBefore })) {
          const { ordinal } = chunk.fragment;
          pending.push(
            log.append(chunk).then(
              () => written.push(ordinal),
              (error: LogWriteError) => lost.push({ ordinal, code: error.code }),
            ),
          );
        }
      }
      await settle();
      highestBacklog = Math.max(highestBacklog, rig.store.stats().backlogBytes);
      await rig.clock.advance(CHUNK_MS);
    }
  };
  await send(4);
  const { promise: stall, resolve: endStall } = Promise.withResolvers<undefined>();
  rig.disk.onOperation = ({ kind }) => (kind === 'append' || kind === 'sync' ? stall : undefined);
  await send(STALL_MS / CHUNK_MS);
  rig.disk.onOperation = () => undefined;
  endStall(undefined);
  await settle();
  await send(4);
  await rig.clock.advance(1000);
  await Promise.all(pending);
  return { rig, writers, highestBacklog, sent: 4 + STALL_MS / CHUNK_MS + 4 };
}

test('rule 10: 200 writers, the disk stalls for 5 s: within the budget nothing is lost', async () => {
  const { rig, writers, highestBacklog, sent } = await stalledDisk({});
  for (const { log, written, lost } of writers) {
    assert.deepEqual(lost, []);
    assert.equal(written.length, sent);
    assert.equal((await listAll(log)).length, sent);
    assert.equal(log.pendingBytes, 0);
  }
  assert.ok(highestBacklog > WRITERS * 9 * PAYLOAD_BYTES);
  assert.ok(highestBacklog < WRITERS * 11 * (PAYLOAD_BYTES + 400));
  assert.equal(rig.store.stats().backlogBytes, 0);
});

test('rule 10: beyond the budget of all streams, whole chunks are refused and said; memory stays within it', async () => {
  const totalBacklogBytes = WRITERS * 4 * PAYLOAD_BYTES;
  const { rig, writers, highestBacklog, sent } = await stalledDisk({ totalBacklogBytes });
  assert.ok(highestBacklog <= totalBacklogBytes);
  let refused = 0;
  for (const { log, written, lost } of writers) {
    assert.equal(written.length + lost.length, sent);
    assert.ok(lost.every(({ code }) => code === 'backlog-full'));
    refused += lost.length;
    const infos = await listAll(log);
    assert.deepEqual(
      infos.map(({ ordinal }) => ordinal),
      written,
    );
    // the fragment after a gap says so
    for (const [at, info] of infos.entries()) {
      assert.equal(info.gapBefore, at > 0 && infos[at - 1]?.ordinal !== info.ordinal - 1);
    }
    assert.deepEqual(
      infos.slice(-4).map(({ ordinal }) => ordinal),
      [sent - 4, sent - 3, sent - 2, sent - 1],
    );
  }
  assert.ok(refused > 0);
  assert.equal(rig.store.stats().backlogRefusals, refused);
});

test('rule 10: one stream cannot use up the memory of all', async () => {
  const streamBacklogBytes = 3 * PAYLOAD_BYTES;
  const { writers, highestBacklog } = await stalledDisk({ streamBacklogBytes });
  assert.ok(highestBacklog <= WRITERS * streamBacklogBytes);
  for (const { lost } of writers) assert.ok(lost.length > 0);
});

test('readers do not wait for a stalled writer', async () => {
  const rig = new LogRig();
  const log = await rig.open();
  const maker = new ChunkMaker();
  await rig.write(log, maker, 3);
  rig.disk.onOperation = ({ kind }) => (kind === 'append' ? new Promise(() => {}) : undefined);
  const [chunk] = maker.fragment();
  assert.ok(chunk);
  void log.append(chunk);
  await settle();
  assert.equal((await listAll(log)).length, 3);
  assert.equal((await log.find({ by: 'serverMs', atMs: maker.serverMs }))?.ordinal, undefined);
  (await log.open(2)).close();
});
