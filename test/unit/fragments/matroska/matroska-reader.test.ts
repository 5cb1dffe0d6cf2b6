import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MatroskaError, type MatroskaEvent } from '../../../../fragments/matroska/matroska-event.ts';
import { MatroskaReader } from '../../../../fragments/matroska/matroska-reader.ts';
import {
  blockBody,
  clusterHead,
  ebmlHeader,
  element,
  fileDocument,
  hex,
  info,
  mkvgenSession,
  SEGMENT_1,
  SEGMENT_8,
  simpleBlock,
  tags,
  text,
  tracks,
  UNKNOWN_8,
  uint,
} from './ebml-bytes.ts';

/** All events of a stream that comes in these pieces, the error that ended it last. */
function readPieces(pieces: Iterable<Uint8Array>): (MatroskaEvent | MatroskaError)[] {
  const reader = new MatroskaReader();
  const events: (MatroskaEvent | MatroskaError)[] = [];
  try {
    for (const piece of pieces) for (const event of reader.push(piece)) events.push(event);
    for (const event of reader.end()) events.push(event);
  } catch (error) {
    if (!(error instanceof MatroskaError)) throw error;
    events.push(error);
  }
  return events;
}

function read(...parts: Uint8Array[]): (MatroskaEvent | MatroskaError)[] {
  return readPieces([Buffer.concat(parts)]);
}

/** Events in a form that can be compared: bytes by value, errors by code and place. */
function plain(events: readonly (MatroskaEvent | MatroskaError)[]): unknown[] {
  return events.map((event) =>
    event instanceof MatroskaError
      ? { error: event.code, offset: event.offset }
      : JSON.parse(
          JSON.stringify(event, (_key, value: unknown) =>
            typeof value === 'bigint'
              ? value.toString()
              : value instanceof Uint8Array
                ? Buffer.from(value).toString('hex')
                : value,
          ),
        ),
  );
}

function errorOf(...parts: Uint8Array[]): MatroskaError {
  const last = read(...parts).at(-1);
  assert.ok(last instanceof MatroskaError, 'the stream should be refused');
  return last;
}

function frames(events: readonly (MatroskaEvent | MatroskaError)[]) {
  return events.filter((event) => !(event instanceof MatroskaError) && event.type === 'frame');
}

const HEAD = Buffer.concat([
  ebmlHeader(),
  SEGMENT_8,
  info(),
  tracks([{ number: 1, codecId: 'V_VP8', width: 64, height: 48 }]),
]);

describe('a session of the C producer', () => {
  const session = mkvgenSession();
  const events = read(session);

  it('is told in order', () => {
    assert.deepEqual(
      events.map((event) => (event instanceof MatroskaError ? event : event.type)),
      [
        'document',
        'tags',
        'header',
        'cluster-begins',
        'cluster',
        ...Array.from({ length: 5 }, () => 'frame'),
        'cluster-ends',
        'tags',
        'cluster-begins',
        'cluster',
        'frame',
        'frame',
        'cluster-ends',
        'tags',
      ],
    );
  });

  it('keeps the header verbatim, less the tags', () => {
    const header = events.find((event) => !(event instanceof MatroskaError) && event.type === 'header');
    assert.ok(header !== undefined && !(header instanceof MatroskaError) && header.type === 'header');
    const tagBytes = tags({ 'before-first': 'one' }).length;
    const beforeTags = ebmlHeader().length + SEGMENT_1.length;
    const expected = Buffer.concat([
      session.subarray(0, beforeTags),
      session.subarray(beforeTags + tagBytes, session.indexOf(hex('1f43b675'))),
    ]);
    assert.deepEqual(Buffer.from(header.header), expected);
    assert.equal(header.timecodeScaleNs, 1_000_000);
    assert.deepEqual(
      header.tracks.map(({ number, type, codecId, name }) => ({ number, type, codecId, name })),
      [
        { number: 1, type: 1, codecId: 'V_MPEG4/ISO/AVC', name: 'kinesis_video' },
        { number: 2, type: 2, codecId: 'A_AAC', name: undefined },
      ],
    );
    const [video, audio] = header.tracks;
    assert.equal(video?.uid, 0x1122334455667788n);
    assert.deepEqual([video?.pixelWidth, video?.pixelHeight], [640, 360]);
    assert.deepEqual([audio?.sampleRateHz, audio?.channels, audio?.bitDepth], [48000, 2, 16]);
  });

  it('adds signed relative times to the cluster, and reads the flags', () => {
    assert.deepEqual(
      frames(events)
        .slice(0, 5)
        .map((event) => {
          assert.ok(!(event instanceof MatroskaError) && event.type === 'frame');
          return [
            event.timecode - 1_678_912_146_652,
            event.isKey,
            event.isInvisible,
            event.isDiscardable,
            event.data.length,
          ];
        }),
      [
        [0, true, false, false, 900],
        [5, true, false, false, 120],
        [80, false, false, false, 300],
        [40, false, false, true, 100],
        [-3, false, true, false, 10],
      ],
    );
  });

  it('says where tags stood', () => {
    assert.deepEqual(
      events.flatMap((event) =>
        !(event instanceof MatroskaError) && event.type === 'tags' ? [[event.position, ...event.tags]] : [],
      ),
      [
        ['before-cluster', { name: 'before-first', value: 'one' }],
        ['after-cluster', { name: 'for-second', value: 'two' }, { name: 'other', value: 'drei ü' }],
        ['after-cluster', { name: 'AWS_KINESISVIDEO_END_OF_FRAGMENT', value: '' }],
      ],
    );
  });
});

describe('a file of known sizes', () => {
  const events = read(fileDocument());

  it('is read through seek heads, voids, checksums and cues', () => {
    assert.deepEqual(
      events.map((event) => (event instanceof MatroskaError ? event : event.type)),
      [
        'document',
        'header',
        'cluster-begins',
        'cluster',
        ...Array.from({ length: 6 }, () => 'frame'),
        'cluster-ends',
        'cluster-begins',
        'cluster',
        ...Array.from({ length: 8 }, () => 'frame'),
        'cluster-ends',
        'tags',
      ],
    );
  });

  it('unlaces all three kinds', () => {
    assert.deepEqual(
      frames(events).map((event) => {
        assert.ok(!(event instanceof MatroskaError) && event.type === 'frame');
        return [event.trackNumber, event.timecode, event.isKey, event.durationTicks, event.data.length];
      }),
      [
        [1, 0, true, undefined, 200],
        [2, 0, true, undefined, 300],
        [2, 21, true, undefined, 20],
        [2, 43, true, undefined, 30],
        [2, 64, true, undefined, 17],
        [1, 40, false, 40, 90],
        [1, 1000, true, undefined, 150],
        [2, 1003, true, undefined, 100],
        [2, 1024, true, undefined, 90],
        [2, 1046, true, undefined, 50],
        [2, 1070, true, 21, 25],
        [2, 1091, true, 22, 25],
        [2, 1113, true, 21, 25],
        [2, 1134, true, 21, 25],
      ],
    );
  });
});

describe('documents that go on', () => {
  it('several in one body are told apart', () => {
    const twice = read(mkvgenSession(), fileDocument(), mkvgenSession());
    const kinds = twice.map((event) => (event instanceof MatroskaError ? event : event.type));
    assert.deepEqual(
      kinds.filter((kind) => kind === 'document' || kind === 'header'),
      ['document', 'header', 'document', 'header', 'document', 'header'],
    );
    assert.equal(kinds.filter((kind) => kind === 'cluster-ends').length, 6);
  });

  it('a changed track between clusters makes a new header in place of the old one', () => {
    const other = tracks([{ number: 1, codecId: 'V_VP9', width: 64, height: 48 }]);
    const events = read(HEAD, clusterHead(0), simpleBlock(1, 0, hex('aa')), info(), other, clusterHead(9));
    const headers = events.flatMap((event) =>
      !(event instanceof MatroskaError) && event.type === 'header' ? [event] : [],
    );
    assert.equal(headers.length, 2);
    assert.deepEqual(
      Buffer.from(headers[1]?.header ?? []),
      Buffer.concat([ebmlHeader(), SEGMENT_8, info(), other]),
    );
    assert.equal(headers[1]?.tracks[0]?.codecId, 'V_VP9');
  });

  it('tags behind a repeated header belong to the next cluster', () => {
    const events = read(HEAD, clusterHead(0), tags({ a: '1' }), info(), tags({ b: '2' }), clusterHead(9));
    assert.deepEqual(
      events.flatMap((event) =>
        !(event instanceof MatroskaError) && event.type === 'tags' ? [event.position] : [],
      ),
      ['after-cluster', 'before-cluster'],
    );
  });

  it('a cluster of unknown size is complete at the end of the body', () => {
    const reader = new MatroskaReader();
    const kinds = [...reader.push(Buffer.concat([HEAD, clusterHead(7, UNKNOWN_8)]))].map(({ type }) => type);
    assert.deepEqual(kinds, ['document', 'header', 'cluster-begins', 'cluster']);
    assert.deepEqual([...reader.end()], [{ type: 'cluster-ends' }]);
  });

  it('a cluster of known size is complete at its last byte', () => {
    const cluster = element('1f43b675', [uint('e7', 5), simpleBlock(1, 0, hex('0102'))]);
    const reader = new MatroskaReader();
    for (const event of reader.push(Buffer.concat([HEAD, cluster.subarray(0, -1)])))
      assert.notEqual(event.type, 'cluster-ends');
    const [frame, ends] = reader.push(cluster.subarray(-1));
    assert.equal(frame?.type, 'frame');
    assert.deepEqual(ends, { type: 'cluster-ends', isSized: true });
  });

  it('tags of one track are told from those of the stream', () => {
    const simple = (name: string) => element('67c8', [text('45a3', name), text('4487', 'x')]);
    const targets = (...uids: Buffer[]) => element('63c0', uids);
    const all = element('1254c367', [
      element('7373', [simple('stream')]),
      element('7373', [targets(uint('68ca', 50), uint('63c5', 0)), simple('all-tracks')]),
      element('7373', [targets(uint('63c5', 7)), simple('one-track'), simple('still')]),
    ]);
    assert.deepEqual(
      read(HEAD, all).flatMap((event) => ('tags' in event ? event.tags : [])),
      [
        { name: 'stream', value: 'x' },
        { name: 'all-tracks', value: 'x' },
        { name: 'one-track', value: 'x', isTargeted: true },
        { name: 'still', value: 'x', isTargeted: true },
      ],
    );
  });

  it('without Info, a tick is a millisecond', () => {
    const events = read(
      ebmlHeader('webm'),
      SEGMENT_1,
      tracks([{ number: 1, codecId: 'V_VP8' }]),
      clusterHead(0),
    );
    assert.deepEqual(
      events.flatMap((event) =>
        !(event instanceof MatroskaError) && event.type === 'header' ? [event.timecodeScaleNs] : [],
      ),
      [1_000_000],
    );
  });

  it('nothing at all says nothing', () => assert.deepEqual(read(), []));
});

describe('pieces', () => {
  const whole = Buffer.concat([mkvgenSession(), fileDocument()]);
  const expected = plain(read(whole));

  it('of any size give what the whole gives', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 60 }), (sizes) => {
        const pieces: Uint8Array[] = [];
        for (let at = 0, i = 0; at < whole.length; i++) {
          const end = at + (sizes[i % sizes.length] ?? 1);
          pieces.push(whole.subarray(at, end));
          at = end;
        }
        assert.deepEqual(plain(readPieces(pieces)), expected);
      }),
      { numRuns: 60 },
    );
  });

  it('of one byte give what the whole gives', () => {
    assert.deepEqual(plain(readPieces(Array.from(whole, (octet) => Uint8Array.of(octet)))), expected);
  });

  it('of a damaged stream give the same events and the same error', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: whole.length - 1 }),
        fc.integer({ min: 0, max: 255 }),
        fc.integer({ min: 1, max: 400 }),
        (at, octet, step) => {
          const damaged = Buffer.from(whole);
          damaged[at] = octet;
          const pieces = Array.from({ length: Math.ceil(whole.length / step) }, (_, i) =>
            damaged.subarray(i * step, (i + 1) * step),
          );
          assert.deepEqual(plain(readPieces(pieces)), plain(read(damaged)));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('that hold a frame are not copied', () => {
    const bytes = Buffer.concat([HEAD, clusterHead(0), simpleBlock(1, 0, Buffer.alloc(5000, 1))]);
    const [frame] = frames([...new MatroskaReader().push(bytes)]);
    assert.ok(frame !== undefined && !(frame instanceof MatroskaError) && frame.type === 'frame');
    assert.equal(frame.data.buffer, bytes.buffer);
  });
});

describe('what is refused', () => {
  const block = (body: Uint8Array): MatroskaError => errorOf(HEAD, clusterHead(0), element('a3', body));

  for (const [name, bytes] of [
    ['text', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['an MP4 file', hex('00000018 66747970 69736f6d')],
    ['a Segment without EBML header', SEGMENT_1],
    ['another document type', ebmlHeader('avi')],
    [
      'ids of eight bytes',
      element('1a45dfa3', [uint('42f2', 8), Buffer.from('4282', 'hex'), hex('84 7765626d')]),
    ],
  ] as const) {
    it(`${name} is not Matroska`, () => assert.equal(errorOf(bytes).code, 'not-matroska'));
  }

  it('the end within an element', () => {
    const whole = Buffer.concat([HEAD, clusterHead(0), simpleBlock(1, 0, Buffer.alloc(50))]);
    for (const cut of [1, 20, 49, 52, 60]) assert.equal(errorOf(whole.subarray(0, -cut)).code, 'truncated');
    assert.equal(
      errorOf(HEAD, element('1f43b675', [uint('e7', 0), hex('ec80')]).subarray(0, -2)).code,
      'truncated',
    );
  });

  it('unknown sizes of all but Segment and Cluster', () => {
    assert.equal(errorOf(ebmlHeader(), SEGMENT_1, hex('1654ae6b ff')).code, 'bad-size');
    assert.equal(errorOf(HEAD, clusterHead(0), hex('a3 ff 81 0000 80')).code, 'bad-size');
  });

  it('sizes longer than the document allows', () => {
    const short = element('1a45dfa3', [uint('42f3', 4), element('4282', Buffer.from('webm'))]);
    assert.equal(errorOf(short, SEGMENT_8).code, 'bad-size');
    assert.equal(errorOf(ebmlHeader(), SEGMENT_1, hex('ec 01 20000000000000')).code, 'bad-size');
  });

  it('blocks that are too large, before they are held', () => {
    const error = errorOf(HEAD, clusterHead(0), hex('a3 08ffffffff'));
    assert.equal(error.code, 'too-large');
    assert.equal(error.offset, HEAD.length + clusterHead(0).length);
  });

  it('headers, tags and private data that are too large', () => {
    assert.equal(errorOf(ebmlHeader(), SEGMENT_1, hex('1549a966 10500000')).code, 'too-large');
    assert.equal(errorOf(HEAD, hex('1254c367 10200000')).code, 'too-large');
    const big = tracks([{ number: 1, codecId: 'V_VP8', codecPrivate: Buffer.alloc((1 << 20) + 1) }]);
    assert.equal(errorOf(ebmlHeader(), SEGMENT_1, big).code, 'too-large');
  });

  it('too many tracks, tags and header elements', () => {
    const many = tracks(Array.from({ length: 65 }, (_, i) => ({ number: i + 1, codecId: 'S_TEXT/UTF8' })));
    assert.equal(errorOf(ebmlHeader(), SEGMENT_1, many).code, 'too-many');
    const pairs = Object.fromEntries(Array.from({ length: 1025 }, (_, i) => [`n${i}`, '']));
    assert.equal(errorOf(HEAD, tags(pairs, 4)).code, 'too-many');
    assert.equal(errorOf(ebmlHeader(), SEGMENT_1, Buffer.alloc(2 * 2000, hex('ec80'))).code, 'too-many');
  });

  it('tags nested without end', () => {
    let nested: Buffer = element('67c8', []);
    for (let i = 0; i < 40; i++) nested = element('67c8', nested, 4);
    assert.equal(errorOf(HEAD, element('1254c367', element('7373', nested))).code, 'too-deep');
  });

  it('clusters without Tracks or Timestamp, and blocks before it', () => {
    assert.equal(errorOf(ebmlHeader(), SEGMENT_1, info(), clusterHead(0)).code, 'bad-element');
    assert.equal(errorOf(HEAD, hex('1f43b675 ff'), clusterHead(0)).code, 'bad-element');
    assert.equal(errorOf(HEAD, hex('1f43b675 ff'), simpleBlock(1, 0, hex('aa'))).code, 'bad-block');
    assert.equal(errorOf(HEAD, simpleBlock(1, 0, hex('aa'))).code, 'bad-element');
    assert.equal(errorOf(HEAD, clusterHead(0), uint('e7', 1)).code, 'bad-element');
  });

  it('children that reach beyond a cluster of known size', () => {
    const cluster = Buffer.concat([hex('1f43b675 86'), uint('e7', 0), simpleBlock(1, 0, hex('aa'))]);
    assert.equal(errorOf(HEAD, cluster).code, 'bad-size');
  });

  it('a second Segment in one document', () => {
    assert.equal(errorOf(HEAD, clusterHead(0), SEGMENT_8).code, 'bad-element');
  });

  it('tracks of number 0, or of one number', () => {
    assert.equal(errorOf(ebmlHeader(), SEGMENT_1, tracks([{ number: 0, codecId: 'X' }])).code, 'bad-element');
    const twins = tracks([
      { number: 1, codecId: 'X' },
      { number: 1, codecId: 'Y' },
    ]);
    assert.equal(errorOf(ebmlHeader(), SEGMENT_1, twins).code, 'bad-element');
  });

  it('blocks and laces that do not add up', () => {
    for (const body of [
      hex(''),
      hex('81 0000'),
      hex('80 0000 80 aa'),
      hex('01 81 0000 80'),
      blockBody(1, 0, 0x82, hex('')),
      blockBody(1, 0, 0x82, hex('02 ff')),
      blockBody(1, 0, 0x82, hex('02 00 01 aabb')),
      blockBody(1, 0, 0x82, hex('01 09 aa')),
      blockBody(1, 0, 0x84, hex('02 aabbccdd')),
      blockBody(1, 0, 0x84, hex('02')),
      blockBody(1, 0, 0x86, hex('02 81')),
      blockBody(1, 0, 0x86, hex('02 81 ff aabbcc')),
      blockBody(1, 0, 0x86, hex('02 81 80 aabbcc')),
    ]) {
      assert.equal(block(body).code, 'bad-block', Buffer.from(body).toString('hex'));
    }
    assert.equal(errorOf(HEAD, clusterHead(0), element('a0', uint('9b', 4))).code, 'bad-block');
  });

  it('everything after the first error', () => {
    const reader = new MatroskaReader();
    assert.throws(() => [...reader.push(Buffer.from('nonsense'))], MatroskaError);
    assert.throws(() => reader.push(HEAD), MatroskaError);
    assert.throws(() => reader.end(), MatroskaError);
  });

  it('the events in front of the error are told first', () => {
    const seen: string[] = [];
    const reader = new MatroskaReader();
    assert.throws(() => {
      for (const event of reader.push(Buffer.concat([HEAD, clusterHead(0), SEGMENT_1])))
        seen.push(event.type);
    }, MatroskaError);
    assert.deepEqual(seen, ['document', 'header', 'cluster-begins', 'cluster', 'cluster-ends']);
  });
});
