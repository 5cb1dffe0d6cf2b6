import type { Principal } from '../access/access.ts';
import { type DataStreamInfo, RecordError } from '../records/record-service.ts';
import { ALL_TIME, type Call } from './call.ts';

/** The data stream of the path, for somebody who may read all of it. The right is asked for first: who has none learns nothing. */
export function viewedStream(call: Call): DataStreamInfo {
  const name = call.param('name');
  call.require({ action: 'view', stream: name, of: 'live' });
  call.require({ action: 'view', stream: name, of: ALL_TIME });
  return knownStream(call, name);
}

/** May know that the data stream exists: reads it, or writes to it. */
export function maySeeData(principal: Principal, stream: string): boolean {
  return (
    principal.may({ action: 'view', stream, of: 'live' }) ||
    principal.may({ action: 'view', stream, of: ALL_TIME }) ||
    principal.may({ action: 'publish', stream })
  );
}

/** Throws RecordError `not-found`. */
export function knownStream(call: Call, name: string): DataStreamInfo {
  const info = call.web.records.stream(name);
  if (info === undefined) throw new RecordError('not-found', `There is no data stream ${name}.`);
  return info;
}
