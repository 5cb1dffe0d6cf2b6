import type { Track } from '../../../fragments/media/track.ts';
import { elementaryStreamOf } from '../../../fragments/mpegts/elementary-stream.ts';
import { TsError } from '../../../fragments/mpegts/ts-error.ts';
import { PLAYED_CODECS, type PlayedCodec } from './played-codec.ts';
import { SessionError } from './session-error.ts';
import type { SessionRequest, SessionTrack } from './session-facts.ts';

/** The service plays H.264, H.265 and AAC, DASH also G.711 (kvs.md §2.5); we what players can play besides. */
const PLAYED: Readonly<Record<'hls' | 'dash' | 'ts', readonly PlayedCodec[]>> = {
  hls: ['h264', 'h265', 'av1', 'vp9', 'aac', 'opus', 'mp3', 'flac', 'ac3'],
  dash: PLAYED_CODECS,
  ts: ['h264', 'h265', 'aac', 'mp3'],
};

/** Matroska codec ids of what would be played if its private data were right (kvs.md §2.5). */
const PLAYED_CODEC_IDS = ['V_MPEG4/ISO/AVC', 'V_MPEG/ISO/AVC', 'V_MPEGH/ISO/HEVC', 'A_AAC'];

/**
 * The tracks that a session plays: the first video and the first audio. Data tracks are left out. Throws SessionError:
 * `UnsupportedStreamMediaTypeException` when there is none or one of the two cannot be played so,
 * `MissingCodecPrivateDataException` and `InvalidCodecPrivateDataException` for a track stored without a decoder
 * configuration since it came without or with an unreadable one; `privateDataOf` tells which.
 */
export function sessionTracks(
  tracks: readonly Track[],
  { protocol, container }: Pick<SessionRequest, 'protocol' | 'container'>,
  privateDataOf: (track: Track) => Uint8Array | undefined,
): SessionTrack[] {
  for (const track of tracks) {
    if (track.codec !== 'opaque' || !PLAYED_CODEC_IDS.includes(track.contentType ?? '')) continue;
    const isMissing = (privateDataOf(track)?.length ?? 0) === 0;
    throw new SessionError(
      isMissing ? 'MissingCodecPrivateDataException' : 'InvalidCodecPrivateDataException',
      `Track ${track.id} (${track.contentType}) ${isMissing ? 'has no codec private data.' : 'has codec private data that cannot be read.'}`,
    );
  }
  const chosen = mainTracks(tracks);
  if (chosen.length === 0) {
    throw new SessionError('UnsupportedStreamMediaTypeException', 'The stream has neither video nor audio.');
  }
  const played: readonly string[] = PLAYED[container === 'ts' ? 'ts' : protocol];
  return chosen.map((track) => {
    if (!played.includes(track.codec)) throw unsupported(track, protocol, container);
    if (container === 'ts') requireTs(track);
    return { id: track.id, codec: track.codec as PlayedCodec };
  });
}

/** The first video and the first audio track. */
export function mainTracks(tracks: readonly Track[]): Track[] {
  const kinds = ['video', 'audio'] as const;
  return kinds.flatMap((wanted) => tracks.find(({ kind }) => kind === wanted) ?? []);
}

function requireTs(track: Track): void {
  try {
    elementaryStreamOf(track);
  } catch (error) {
    if (!(error instanceof TsError)) throw error;
    throw new SessionError(
      'UnsupportedStreamMediaTypeException',
      `Track ${track.id} cannot be put into MPEG_TS: ${error.message}.`,
    );
  }
}

function unsupported(track: Track, protocol: string, container: string): SessionError {
  const means = container === 'ts' ? 'MPEG_TS' : protocol.toUpperCase();
  return new SessionError(
    'UnsupportedStreamMediaTypeException',
    `Track ${track.id} is ${track.codec}, which ${means} does not play.`,
  );
}
