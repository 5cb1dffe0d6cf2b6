/** EBML and Matroska element ids with their length marker (RFC 8794 §11, RFC 9559 §5). */

export const EBML = 0x1a45dfa3;
export const EBML_VERSION = 0x4286;
export const EBML_READ_VERSION = 0x42f7;
export const EBML_MAX_ID_LENGTH = 0x42f2;
export const EBML_MAX_SIZE_LENGTH = 0x42f3;
export const DOC_TYPE = 0x4282;
export const DOC_TYPE_VERSION = 0x4287;
export const DOC_TYPE_READ_VERSION = 0x4285;

export const SEGMENT = 0x18538067;
export const SEEK_HEAD = 0x114d9b74;
export const CUES = 0x1c53bb6b;
export const CHAPTERS = 0x1043a770;
export const ATTACHMENTS = 0x1941a469;

export const INFO = 0x1549a966;
export const TIMECODE_SCALE = 0x2ad7b1;
export const MUXING_APP = 0x4d80;
export const WRITING_APP = 0x5741;

export const TRACKS = 0x1654ae6b;
export const TRACK_ENTRY = 0xae;
export const TRACK_NUMBER = 0xd7;
export const TRACK_UID = 0x73c5;
export const TRACK_TYPE = 0x83;
export const FLAG_LACING = 0x9c;
export const TRACK_NAME = 0x536e;
export const CODEC_ID = 0x86;
export const CODEC_PRIVATE = 0x63a2;
export const CODEC_DELAY = 0x56aa;
export const SEEK_PRE_ROLL = 0x56bb;
export const DEFAULT_DURATION = 0x23e383;
export const VIDEO = 0xe0;
export const PIXEL_WIDTH = 0xb0;
export const PIXEL_HEIGHT = 0xba;
export const AUDIO = 0xe1;
export const SAMPLING_FREQUENCY = 0xb5;
export const OUTPUT_SAMPLING_FREQUENCY = 0x78b5;
export const CHANNELS = 0x9f;
export const BIT_DEPTH = 0x6264;

export const TAGS = 0x1254c367;
export const TAG = 0x7373;
export const TARGETS = 0x63c0;
/** Edition, chapter, attachment and track that a Tag speaks of. */
export const TAG_UIDS: readonly number[] = [0x63c9, 0x63c4, 0x63c6, 0x63c5];
export const SIMPLE_TAG = 0x67c8;
export const TAG_NAME = 0x45a3;
export const TAG_STRING = 0x4487;
export const TAG_BINARY = 0x4485;

export const CLUSTER = 0x1f43b675;
export const TIMECODE = 0xe7;
export const SIMPLE_BLOCK = 0xa3;
export const BLOCK_GROUP = 0xa0;
export const BLOCK = 0xa1;
export const BLOCK_DURATION = 0x9b;
export const REFERENCE_BLOCK = 0xfb;

/** What may stand beside a Cluster: any of these ends a Cluster of unknown size (RFC 8794 §6.2). */
export function isTopLevel(id: number): boolean {
  switch (id) {
    case EBML:
    case SEGMENT:
    case SEEK_HEAD:
    case INFO:
    case TRACKS:
    case CLUSTER:
    case CUES:
    case CHAPTERS:
    case ATTACHMENTS:
    case TAGS:
      return true;
    default:
      return false;
  }
}
