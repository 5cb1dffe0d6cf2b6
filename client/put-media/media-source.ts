import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { openMp4 } from '../../fragments/cmaf/mp4-file.ts';
import type { MatroskaEvent } from '../../fragments/matroska/matroska-event.ts';
import { MatroskaReader } from '../../fragments/matroska/matroska-reader.ts';
import { MatroskaSamples } from '../../fragments/matroska/matroska-samples.ts';
import type { Sample, Track } from '../../fragments/media/track.ts';

/** What putMedia sends: files, or whatever makes samples. */

/** From here on the tracks are these. */
export interface TracksDeclared {
  readonly tracks: readonly Track[];
}

export type MediaItem = Sample | TracksDeclared;

/** A live source: its tracks, and their samples in decode order. Tracks may be declared anew among the samples. */
export interface LiveSource extends TracksDeclared {
  readonly samples: AsyncIterable<MediaItem> | Iterable<MediaItem>;
}

/** The path or URL of an MP4 file (progressive, fragmented, a log file of Framelog) or a Matroska file; or a live source. */
export type PutMediaSource = string | URL | LiveSource;

/**
 * All of a source, tracks first. Throws, while it is read, what the file system throws, Mp4Error and CodecError for MP4,
 * MatroskaError for Matroska.
 */
export async function* mediaItems(source: PutMediaSource): AsyncGenerator<MediaItem, void, undefined> {
  if (typeof source === 'object' && 'samples' in source) {
    yield { tracks: source.tracks };
    yield* source.samples;
    return;
  }
  await using file = await open(source);
  if (await isMatroska(file)) yield* matroskaItems(source);
  else yield* mp4Items(file);
}

const EBML_ID = Buffer.from('1a45dfa3', 'hex');

async function isMatroska(file: FileHandle): Promise<boolean> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(EBML_ID.length), 0, EBML_ID.length, 0);
  return EBML_ID.equals(buffer.subarray(0, bytesRead));
}

async function* mp4Items(file: FileHandle): AsyncGenerator<MediaItem, void, undefined> {
  const { size: sizeBytes } = await file.stat();
  const movie = await openMp4({
    sizeBytes,
    async read(offsetBytes, lengthBytes) {
      const { buffer, bytesRead } = await file.read(
        Buffer.allocUnsafeSlow(lengthBytes),
        0,
        lengthBytes,
        offsetBytes,
      );
      if (bytesRead !== lengthBytes) throw new Error(`the file became shorter than ${sizeBytes} bytes`);
      return buffer;
    },
  });
  yield { tracks: movie.tracks };
  yield* movie.samples();
}

async function* matroskaItems(path: string | URL): AsyncGenerator<MediaItem, void, undefined> {
  const reader = new MatroskaReader();
  const maker = new MatroskaSamples();
  for await (const bytes of createReadStream(path) as AsyncIterable<Buffer>) {
    yield* itemsOf(reader.push(bytes), maker);
  }
  yield* itemsOf(reader.end(), maker);
}

function* itemsOf(events: Iterable<MatroskaEvent>, maker: MatroskaSamples): Generator<MediaItem> {
  for (const event of events) {
    if (event.type === 'document') maker.restart();
    else if (event.type === 'header') yield { tracks: maker.setHeader(event) };
    else if (event.type === 'frame') {
      const sample = maker.sampleOf(event);
      if (sample !== undefined) yield sample;
    }
  }
}
