import { z } from 'zod';
import type { GroupRecord } from '../../catalog/group-catalog.ts';
import type { Checkpoint } from '../../records/groups/checkpoint.ts';
import {
  type GroupState,
  type LeaseState,
  MAX_LEASE_MS,
  type Membership,
  MIN_LEASE_MS,
} from '../../records/groups/consumer-groups.ts';
import { isSequenceNumberText } from '../../records/sequence-number.ts';
import { knownStream, viewedStream } from '../data-rights.ts';
import { instant } from '../instant.ts';
import { route } from '../web-route.ts';

const DEFAULT_LEASE_MS = 10_000;
const GROUPS = '/api/data-streams/:name/groups';
const GROUP = `${GROUPS}/:group`;

const positive = z.number().int().min(1);
/** Names are checked by the service. */
const name = z.string().max(256);

export const groupRoutes = [
  route({
    method: 'get',
    path: GROUPS,
    handle: (call) => ({ groups: call.web.groups.list(viewedStream(call).name).map(groupJson) }),
  }),
  route({
    method: 'get',
    path: GROUP,
    handle: async (call) => {
      const stream = viewedStream(call);
      return stateJson(await call.web.groups.describe(stream.name, call.param('group'), call.nowMs));
    },
  }),
  route({
    method: 'delete',
    path: GROUP,
    handle: (call) => {
      const admin = call.require({ action: 'admin' });
      const stream = knownStream(call, call.param('name'));
      const group = call.param('group');
      call.web.groups.delete(stream.name, group);
      call.web.logger.info({ stream: stream.name, group, by: admin.id }, 'consumer group deleted');
      call.response.status(204).end();
      return undefined;
    },
  }),
  route({
    method: 'post',
    path: `${GROUP}/workers`,
    body: z.strictObject({
      worker: name,
      leaseMs: z.number().int().min(MIN_LEASE_MS).max(MAX_LEASE_MS).default(DEFAULT_LEASE_MS),
      startAt: z.union([z.enum(['TRIM_HORIZON', 'LATEST']), instant]).default('TRIM_HORIZON'),
    }),
    handle: async (call) => {
      const stream = viewedStream(call);
      const { worker, leaseMs, startAt } = call.body;
      const start = typeof startAt === 'number' ? { atMs: startAt } : startAt;
      const joining = { name: worker, leaseMs, start };
      return membershipJson(
        await call.web.groups.join(stream.name, call.param('group'), joining, call.nowMs),
      );
    },
  }),
  route({
    method: 'post',
    path: `${GROUP}/workers/:worker/heartbeat`,
    body: z.strictObject({ session: positive }),
    handle: (call) => {
      const stream = viewedStream(call);
      const { session } = call.body;
      const worker = call.param('worker');
      return membershipJson(
        call.web.groups.heartbeat(stream.name, call.param('group'), worker, session, call.nowMs),
      );
    },
  }),
  route({
    method: 'post',
    path: `${GROUP}/workers/:worker/leave`,
    body: z.strictObject({ session: positive }),
    handle: (call) => {
      const stream = viewedStream(call);
      const { session } = call.body;
      call.web.groups.leave(stream.name, call.param('group'), call.param('worker'), session, call.nowMs);
      call.response.status(204).end();
      return undefined;
    },
  }),
  route({
    method: 'post',
    path: `${GROUP}/leases/:shard/checkpoint`,
    body: z.strictObject({
      worker: name,
      fence: positive,
      sequenceNumber: z.union([
        z.enum(['TRIM_HORIZON', 'LATEST', 'SHARD_END']),
        z.string().refine(isSequenceNumberText, 'not a sequence number'),
      ]),
      subSequenceNumber: z.number().int().min(0).nullable().default(null),
    }),
    handle: async (call) => {
      const stream = viewedStream(call);
      const { worker, fence, sequenceNumber, subSequenceNumber } = call.body;
      const stored = await call.web.groups.checkpoint(
        stream.name,
        call.param('group'),
        { shardId: call.param('shard'), worker, fence },
        { sequenceNumber, subSequenceNumber: subSequenceNumber ?? undefined },
        call.nowMs,
      );
      return checkpointJson(stored);
    },
  }),
  route({
    method: 'post',
    path: `${GROUP}/leases/:shard/release`,
    body: z.strictObject({ worker: name, fence: positive }),
    handle: (call) => {
      const stream = viewedStream(call);
      const { worker, fence } = call.body;
      const holder = { shardId: call.param('shard'), worker, fence };
      call.web.groups.release(stream.name, call.param('group'), holder, call.nowMs);
      call.response.status(204).end();
      return undefined;
    },
  }),
];

function groupJson({ stream, name, createdMs, startedAt }: GroupRecord) {
  return { stream, name, createdMs, startedAt };
}

function stateJson({ group, workers, leases }: GroupState) {
  return {
    ...groupJson(group),
    workers: workers.map(({ name, session, leaseMs, joinedMs, expiresMs }) => ({
      name,
      session,
      leaseMs,
      joinedMs,
      expiresMs,
      shards: leases.filter(({ lease }) => lease.owner === name).length,
    })),
    leases: leases.map(leaseJson),
  };
}

function leaseJson({ lease, isReady, behindMs, recordsBehind }: LeaseState) {
  return {
    shardId: lease.shardId,
    owner: lease.owner ?? null,
    fence: lease.fence,
    isWanted: lease.isWanted,
    isReady,
    ...checkpointJson(lease.checkpoint),
    checkpointMs: lease.checkpointMs ?? null,
    behindMs: behindMs ?? null,
    recordsBehind: recordsBehind ?? null,
  };
}

function membershipJson({ session, expiresMs, leases }: Membership) {
  return {
    session,
    expiresMs,
    leases: leases.map(({ shardId, fence, isWanted, checkpoint }) => ({
      shardId,
      fence,
      isWanted,
      ...checkpointJson(checkpoint),
    })),
  };
}

function checkpointJson({ sequenceNumber, subSequenceNumber }: Checkpoint) {
  return { sequenceNumber, subSequenceNumber: subSequenceNumber ?? null };
}
