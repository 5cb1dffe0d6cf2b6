/**
 * What the stream parser library relies on (kvs.md §3.4), checked by a parser of its own: it shares nothing with the server's reader and
 * writer, knows only the elements that GetMedia has, and is as dumb as it can be.
 */

export interface CheckedBlock {
  readonly track: number;
  /** Cluster timecode plus the block's own. */
  readonly ticks: number;
  readonly isKey: boolean;
  readonly data: Buffer;
}

/** One fragment: everything from an EBML header to the next. */
export interface CheckedFragment {
  readonly bytes: Buffer;
  /** Up to the first Tags or Cluster. */
  readonly header: Buffer;
  readonly timecodeScaleNs: number;
  /** Tags in front of the cluster, behind it. */
  readonly before: ReadonlyMap<string, string>;
  readonly after: ReadonlyMap<string, string>;
  readonly clusters: number;
  /** Where the first cluster begins and the last one ends in `bytes`. */
  readonly clusterAt: readonly [start: number, end: number];
  readonly blocks: readonly CheckedBlock[];
}

const EBML = 0x1a45dfa3;
const SEGMENT = 0x18538067;
const INFO = 0x1549a966;
const TAGS = 0x1254c367;
const CLUSTER = 0x1f43b675;
const UNKNOWN = -1;

interface Element {
  readonly id: number;
  readonly start: number;
  readonly body: number;
  /** `undefined`: its size is unknown. */
  readonly end: number | undefined;
}

/** The element at `at`; `undefined` when its head is not all there. */
function elementAt(bytes: Buffer, at: number): Element | undefined {
  const idLength = lengthOf(bytes[at]);
  const sizeLength = lengthOf(bytes[at + idLength]);
  const body = at + idLength + sizeLength;
  if (idLength === 0 || sizeLength === 0 || body > bytes.length) return undefined;
  let size = (bytes[at + idLength] ?? 0) & (0xff >> sizeLength);
  let isUnknown = size === 0xff >> sizeLength;
  for (let i = 1; i < sizeLength; i++) {
    const octet = bytes[at + idLength + i] ?? 0;
    size = size * 256 + octet;
    isUnknown &&= octet === 0xff;
  }
  const end = isUnknown ? undefined : body + size;
  return { id: bytes.readUIntBE(at, idLength), start: at, body, end };
}

function lengthOf(octet: number | undefined): number {
  return octet === undefined ? 0 : Math.clz32(octet) - 23;
}

/** Children within a range, all of known size. */
function childrenOf(bytes: Buffer, from: number, to: number): Element[] {
  const children: Element[] = [];
  for (let at = from; at < to; ) {
    const child = elementAt(bytes, at);
    if (child?.end === undefined || child.end > to) throw new Error(`no element at ${at}`);
    children.push(child);
    at = child.end;
  }
  return children;
}

function uintOf(bytes: Buffer, { body, end = body }: Element): number {
  return end === body ? 0 : Number(BigInt(`0x${bytes.subarray(body, end).toString('hex')}`));
}

/** All complete fragments; the last one is complete when `isOver`, or when its continuation token was read. */
export function checkFragments(bytes: Buffer, isOver: boolean): CheckedFragment[] {
  const fragments: CheckedFragment[] = [];
  let at = 0;
  while (at < bytes.length) {
    const next = bytes.indexOf(Buffer.of(0x1a, 0x45, 0xdf, 0xa3), at + 4);
    const end = next < 0 ? bytes.length : next;
    const isLast = next < 0;
    const fragment = readFragment(bytes.subarray(at, end), isLast && !isOver);
    if (fragment === undefined) break;
    fragments.push(fragment);
    at = end;
  }
  return fragments;
}

/** `undefined` when it is not complete yet, which `mayBeCut` allows. */
function readFragment(bytes: Buffer, mayBeCut: boolean): CheckedFragment | undefined {
  const ebml = elementAt(bytes, 0);
  const segment = ebml?.end === undefined ? undefined : elementAt(bytes, ebml.end);
  if (ebml?.id !== EBML || segment === undefined) return cut(mayBeCut, 'no EBML header');
  if (segment.id !== SEGMENT || segment.end !== undefined) throw new Error('no Segment of unknown size');
  const tags = [new Map<string, string>(), new Map<string, string>()] as const;
  const blocks: CheckedBlock[] = [];
  let timecodeScaleNs = 1_000_000;
  let headerEnd: number | undefined;
  let clusters = 0;
  const clusterAt: [number, number] = [0, 0];
  for (let at = segment.body; at < bytes.length; ) {
    const child = elementAt(bytes, at);
    if (child === undefined) return cut(mayBeCut, 'an element is cut');
    if (child.id === CLUSTER) {
      headerEnd ??= at;
      if (clusters++ === 0) clusterAt[0] = at;
      const end = readCluster(bytes, child, blocks);
      if (end === undefined) return cut(mayBeCut, 'a cluster is cut');
      clusterAt[1] = end;
      at = end;
      continue;
    }
    if (child.end === undefined || child.end > bytes.length) return cut(mayBeCut, 'an element is cut');
    if (child.id === TAGS) {
      headerEnd ??= at;
      for (const [name, value] of readTags(bytes, child)) tags[clusters === 0 ? 0 : 1].set(name, value);
    }
    if (child.id === INFO) {
      const scale = childrenOf(bytes, child.body, child.end).find(({ id }) => id === 0x2ad7b1);
      if (scale !== undefined) timecodeScaleNs = uintOf(bytes, scale);
    }
    at = child.end;
  }
  const [before, after] = tags;
  if (mayBeCut && !after.has('AWS_KINESISVIDEO_CONTINUATION_TOKEN')) return undefined;
  const header = bytes.subarray(0, headerEnd ?? bytes.length);
  return { bytes, header, timecodeScaleNs, before, after, clusters, clusterAt, blocks };
}

function cut(mayBe: boolean, what: string): undefined {
  if (!mayBe) throw new Error(what);
}

/** Where the cluster ends; `undefined` when that is not there. */
function readCluster(bytes: Buffer, cluster: Element, blocks: CheckedBlock[]): number | undefined {
  let timecode: number | undefined;
  const limit = cluster.end ?? bytes.length;
  if (limit > bytes.length) return undefined;
  let at = cluster.body;
  while (at < limit) {
    const child = elementAt(bytes, at);
    if (child === undefined) return undefined;
    // Ids of four octets stand beside clusters, not in them.
    if (child.id > 0xff_ffff) return cluster.end === undefined ? at : undefined;
    if (child.end === undefined) throw new Error('a block of unknown size');
    if (child.end > limit) return undefined;
    if (child.id === 0xe7) timecode = uintOf(bytes, child);
    // SimpleBlock; BlockGroup of a Block and, unless it is a key frame, a ReferenceBlock
    const parts = child.id === 0xa0 ? childrenOf(bytes, child.body, child.end) : [child];
    const block = parts.find(({ id }) => id === 0xa3 || id === 0xa1);
    if (block !== undefined) {
      if (timecode === undefined) throw new Error('a block before its cluster timecode');
      const isKey =
        block.id === 0xa3
          ? ((bytes[block.body + 3] ?? 0) & 0x80) !== 0
          : parts.every(({ id }) => id !== 0xfb);
      blocks.push({
        track: (bytes[block.body] ?? 0) & 0x7f,
        ticks: timecode + bytes.readInt16BE(block.body + 1),
        isKey,
        data: bytes.subarray(block.body + 4, block.end),
      });
    }
    at = child.end;
  }
  return at;
}

function readTags(bytes: Buffer, tags: Element): [string, string][] {
  const found: [string, string][] = [];
  const textOf = ({ body, end = body }: Element) => bytes.toString('utf8', body, end);
  for (const tag of childrenOf(bytes, tags.body, tags.end ?? UNKNOWN)) {
    for (const simple of childrenOf(bytes, tag.body, tag.end ?? UNKNOWN)) {
      // Producers may name Targets beside the SimpleTags.
      if (simple.id !== 0x67c8) continue;
      const parts = childrenOf(bytes, simple.body, simple.end ?? UNKNOWN);
      const name = parts.find(({ id }) => id === 0x45a3);
      const value = parts.find(({ id }) => id === 0x4487);
      if (name === undefined || value === undefined) throw new Error('a SimpleTag without name or TagString');
      found.push([textOf(name), textOf(value)]);
    }
  }
  return found;
}

/**
 * The rules of FragmentMetadata and FragmentMetadataVisitor. Throws with the first one that is broken. `hasEnds`: of GetMedia, not of
 * GetMediaForFragmentList.
 */
export function checkParserRules(fragments: readonly CheckedFragment[], hasEnds = true): void {
  const tag = (tags: ReadonlyMap<string, string>, name: string, pattern: RegExp) => {
    const value = tags.get(`AWS_KINESISVIDEO_${name}`);
    if (value === undefined || !pattern.test(value)) throw new Error(`${name} is ${value}`);
    return value;
  };
  let previous = '';
  for (const { before, after, clusters } of fragments) {
    const number = tag(before, 'FRAGMENT_NUMBER', /^[0-9]+$/);
    if (before.has('AWS_KINESISVIDEO_SERVER_TIMESTAMP')) {
      tag(before, 'SERVER_TIMESTAMP', /^-?[0-9]+\.[0-9]{3}$/);
      tag(before, 'PRODUCER_TIMESTAMP', /^-?[0-9]+\.[0-9]{3}$/);
      if (clusters !== 1) throw new Error(`${clusters} clusters in one fragment`);
    } else {
      tag(before, 'ERROR_ID', /^[0-9]+$/);
      tag(before, 'ERROR_CODE', /./);
    }
    if (!hasEnds) continue;
    if (number <= previous) throw new Error(`fragment ${number} after ${previous}`);
    previous = number;
    const tail = clusters === 0 ? before : after;
    tag(tail, 'MILLIS_BEHIND_NOW', /^[0-9]+$/);
    if (tag(tail, 'CONTINUATION_TOKEN', /./) !== number) throw new Error('the token is not the number');
  }
}

/** One document of all fragments, as the library's OutputSegmentMerger makes it: the first header, and all clusters. */
export function mergeFragments(fragments: readonly CheckedFragment[]): Buffer {
  const [first] = fragments;
  if (first === undefined) throw new Error('no fragments');
  if (fragments.some(({ header }) => !header.equals(first.header))) throw new Error('the headers differ');
  return Buffer.concat([
    first.header,
    ...fragments.map(({ bytes, clusterAt: [start, end] }) => bytes.subarray(start, end)),
  ]);
}
