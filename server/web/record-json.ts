import type { DataStreamInfo, SequencedRecord, ShardInfo } from '../records/record-service.ts';

/** The JSON shapes of data streams (openapi.json). Absent facts are `null`, never missing. */

export function dataStreamJson(stream: DataStreamInfo) {
  const { name, createdMs, mode, isUpdating, retentionHours, maxRecordBytes, shards } = stream;
  const openShards = shards.filter(({ closed }) => closed === undefined).length;
  return { name, createdMs, mode, isUpdating, retentionHours, maxRecordBytes, openShards };
}

export function shardJson({ id, parentId, adjacentParentId, range, createdMs, closed }: ShardInfo) {
  return {
    id,
    parentId: parentId ?? null,
    adjacentParentId: adjacentParentId ?? null,
    // Greater than a JSON number can be.
    startingHashKey: range.start.toString(),
    endingHashKey: range.end.toString(),
    createdMs,
    closedMs: closed?.atMs ?? null,
  };
}

/** What a record holds, as far as it can be shown: JSON as it is, other text as text, everything else as Base64. */
export type RecordContent =
  | { readonly encoding: 'json'; readonly data: unknown }
  | { readonly encoding: 'text' | 'base64'; readonly data: string };

export function contentOf({ data }: Pick<SequencedRecord, 'data'>): RecordContent {
  const text = textOf(data);
  if (text === undefined) return { encoding: 'base64', data: base64Of(data) };
  try {
    return { encoding: 'json', data: JSON.parse(text) as unknown };
  } catch (error) {
    if (error instanceof SyntaxError) return { encoding: 'text', data: text };
    throw error;
  }
}

/** A record for people and web pages. */
export function recordJson(shardId: string, record: SequencedRecord, content: RecordContent) {
  return { shardId, ...placeJson(record), ...content };
}

/** A record for programs: its bytes untouched. */
export function rawRecordJson(record: SequencedRecord) {
  return { ...placeJson(record), data: base64Of(record.data) };
}

function placeJson({ sequenceNumber, partitionKey, explicitHashKey, arrivalMs }: SequencedRecord) {
  return { sequenceNumber, partitionKey, explicitHashKey: explicitHashKey ?? null, arrivalMs };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(data: Uint8Array): string | undefined {
  try {
    return utf8.decode(data);
  } catch (error) {
    // "If fatal is true and error is found, throw a TypeError" (WHATWG Encoding).
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function base64Of(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
}
