/** Matroska bytes by hand, in the forms that producers write: nothing here is shared with the product's own writer. */

export function hex(text: string): Buffer {
  return Buffer.from(text.replace(/\s+/g, ''), 'hex');
}

/** A size in the fewest bytes, or in `length` of them. */
export function size(
  value: number,
  length = value < 0x7f ? 1 : value < 0x3fff ? 2 : value < 0x1f_ffff ? 3 : 8,
): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUIntBE(value, Math.max(0, length - 6), Math.min(length, 6));
  bytes[0] = (bytes[0] ?? 0) | (0x80 >> (length - 1));
  return bytes;
}

export function element(id: string, data: Uint8Array | readonly Uint8Array[], sizeLength?: number): Buffer {
  const body = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Uint8Array);
  return Buffer.concat([hex(id), size(body.length, sizeLength), body]);
}

export function uint(id: string, value: number | bigint, length = 1): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return element(id, bytes.subarray(8 - length));
}

export function text(id: string, value: string, sizeLength?: number): Buffer {
  return element(id, Buffer.from(value, 'utf8'), sizeLength);
}

export function float64(id: string, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return element(id, bytes);
}

export const UNKNOWN_1 = 'ff';
export const UNKNOWN_8 = '01ffffffffffffff';

/** The EBML header of mkvgen (kvs.md §2.6). */
export function ebmlHeader(docType = 'matroska'): Buffer {
  return element('1a45dfa3', [
    uint('4286', 1),
    uint('42f7', 1),
    uint('42f2', 4),
    uint('42f3', 8),
    text('4282', docType),
    uint('4287', 2),
    uint('4285', 2),
  ]);
}

/** Info of mkvgen: TimecodeScale in eight bytes, a two-byte size. */
export function info(timecodeScaleNs = 1_000_000, title = 'kinesis_video'): Buffer {
  return element(
    '1549a966',
    [
      element('73a4', Buffer.alloc(16, 7)),
      uint('2ad7b1', timecodeScaleNs, 8),
      text('7ba9', title),
      text('4d80', 'Kinesis Video SDK'),
      text('5741', 'Kinesis Video SDK 1.6.4 AWS-SDK-KVS'),
    ],
    2,
  );
}

export interface TrackFields {
  readonly number: number;
  readonly type?: number;
  readonly codecId: string;
  readonly codecPrivate?: Uint8Array;
  readonly name?: string;
  readonly width?: number;
  readonly height?: number;
  readonly rate?: number;
  readonly channels?: number;
  readonly bits?: number;
  readonly defaultDurationNs?: number;
}

/** A TrackEntry of mkvgen: a four-byte size, the private data last. */
export function trackEntry(track: TrackFields): Buffer {
  const { number, type = 1, codecId, codecPrivate, name, width, height, rate, channels, bits } = track;
  const parts = [uint('d7', number), uint('73c5', 0x1122334455667788n, 8), uint('83', type)];
  if (name !== undefined) parts.push(text('536e', name));
  parts.push(text('86', codecId));
  if (track.defaultDurationNs !== undefined) parts.push(uint('23e383', track.defaultDurationNs, 4));
  if (width !== undefined && height !== undefined) {
    parts.push(element('e0', [uint('b0', width, 2), uint('ba', height, 2)]));
  }
  if (rate !== undefined) {
    const audio = [float64('b5', rate), uint('9f', channels ?? 1)];
    if (bits !== undefined) audio.push(uint('6264', bits));
    parts.push(element('e1', audio));
  }
  if (codecPrivate !== undefined) parts.push(element('63a2', codecPrivate, 4));
  return element('ae', parts, 4);
}

export function tracks(entries: readonly TrackFields[]): Buffer {
  return element('1654ae6b', entries.map(trackEntry), 4);
}

/** One Tags element of one Tag, its sizes eight bytes all the way as mkvgen writes them. */
export function tags(pairs: Readonly<Record<string, string>>, sizeLength = 8): Buffer {
  const simple = Object.entries(pairs).map(([name, value]) =>
    element('67c8', [text('45a3', name, sizeLength), text('4487', value, sizeLength)], sizeLength),
  );
  return element('1254c367', element('7373', simple, sizeLength), sizeLength);
}

/** The head of a Cluster of unknown size, with mkvgen's eight-byte Timecode and its Position. */
export function clusterHead(timecode: number, unknown = UNKNOWN_1): Buffer {
  return Buffer.concat([hex(`1f43b675 ${unknown}`), uint('e7', timecode, 8), hex('a78100')]);
}

/** Track, time and flags in front of a block's frames. */
export function blockBody(track: number, relative: number, flags: number, data: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head[0] = 0x80 | track;
  head.writeInt16BE(relative, 1);
  head[3] = flags;
  return Buffer.concat([head, data]);
}

/** A SimpleBlock with mkvgen's eight-byte size. */
export function simpleBlock(
  track: number,
  relative: number,
  data: Uint8Array,
  flags = 0x80,
  sizeLength: number | undefined = 8,
): Buffer {
  return element('a3', blockBody(track, relative, flags, data), sizeLength);
}

export function blockGroup(
  track: number,
  relative: number,
  data: Uint8Array,
  options: { readonly duration?: number; readonly reference?: boolean; readonly flags?: number } = {},
): Buffer {
  const parts = [element('a1', blockBody(track, relative, options.flags ?? 0, data))];
  if (options.duration !== undefined) parts.push(uint('9b', options.duration, 2));
  if (options.reference === true) parts.push(hex('fb 81 d8'));
  return element('a0', parts);
}

export const SEGMENT_1 = hex(`18538067 ${UNKNOWN_1}`);
export const SEGMENT_8 = hex(`18538067 ${UNKNOWN_8}`);

const VIDEO: TrackFields = {
  number: 1,
  codecId: 'V_MPEG4/ISO/AVC',
  width: 640,
  height: 360,
  name: 'kinesis_video',
};
const AUDIO: TrackFields = { number: 2, type: 2, codecId: 'A_AAC', rate: 48000, channels: 2, bits: 16 };

/** What a C producer sends in one session: tags first, two fragments, tags and a repeated header between, the end tag. */
export function mkvgenSession(): Buffer {
  return Buffer.concat([
    ebmlHeader(),
    SEGMENT_1,
    tags({ 'before-first': 'one' }),
    info(),
    tracks([VIDEO, AUDIO]),
    clusterHead(1_678_912_146_652),
    simpleBlock(1, 0, Buffer.alloc(900, 1)),
    simpleBlock(2, 5, Buffer.alloc(120, 2)),
    simpleBlock(1, 80, Buffer.alloc(300, 3), 0),
    simpleBlock(1, 40, Buffer.alloc(100, 4), 0x01),
    simpleBlock(1, -3, Buffer.alloc(10, 5), 0x08),
    tags({ 'for-second': 'two', other: 'drei ü' }),
    info(),
    tracks([VIDEO, AUDIO]),
    clusterHead(1_678_912_148_652),
    simpleBlock(1, 0, Buffer.alloc(500, 6)),
    simpleBlock(2, 1, Buffer.alloc(64, 7)),
    tags({ AWS_KINESISVIDEO_END_OF_FRAGMENT: '' }),
  ]);
}

/** A file as a muxer with a seekable output writes it: known sizes, seek head, voids, checksums, cues, block groups. */
export function fileDocument(): Buffer {
  const cluster = (timecode: number, blocks: readonly Buffer[]): Buffer =>
    element('1f43b675', [hex('bf 84 01020304'), uint('e7', timecode, 2), hex('ab 82 0102'), ...blocks]);
  const body = Buffer.concat([
    element('114d9b74', element('4dbb', [hex('53ab 84 1549a966'), uint('53ac', 161)])),
    element('ec', Buffer.alloc(70)),
    element('1549a966', [hex('bf 84 05060708'), uint('2ad7b1', 1_000_000, 3), float64('4489', 2000)]),
    element('1654ae6b', [
      trackEntry({ ...VIDEO, defaultDurationNs: 40_000_000 }),
      trackEntry({ ...AUDIO, defaultDurationNs: 21_333_333 }),
    ]),
    cluster(0, [
      simpleBlock(1, 0, Buffer.alloc(200, 1), 0x80, undefined),
      // Four AAC frames in Xiph lacing: sizes 255 + 45, 20, 30 and the rest.
      simpleBlock(
        2,
        0,
        Buffer.concat([hex('03 ff2d 14 1e'), Buffer.alloc(300 + 20 + 30 + 17, 2)]),
        0x82,
        undefined,
      ),
      blockGroup(1, 40, Buffer.alloc(90, 3), { reference: true, duration: 40 }),
    ]),
    cluster(1000, [
      blockGroup(1, 0, Buffer.alloc(150, 4)),
      // Three frames in EBML lacing: 100, 100 - 10, the rest; and four equal ones.
      simpleBlock(2, 3, Buffer.concat([hex('02 e4 b5'), Buffer.alloc(100 + 90 + 50, 5)]), 0x86, undefined),
      blockGroup(2, 70, Buffer.concat([hex('03'), Buffer.alloc(4 * 25, 6)]), { duration: 85, flags: 0x04 }),
    ]),
    element('1c53bb6b', element('bb', [uint('b3', 0), element('b7', [uint('f7', 1), uint('f1', 300, 2)])])),
    tags({ BPS: '1000', DURATION: '00:00:02.0' }, 2),
  ]);
  return Buffer.concat([ebmlHeader(), element('18538067', body)]);
}
