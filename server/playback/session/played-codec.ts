/** All codecs that some session plays. */
export const PLAYED_CODECS = [
  ...(['h264', 'h265', 'av1', 'vp9'] as const),
  ...(['aac', 'opus', 'mp3', 'flac', 'ac3', 'pcmu', 'pcma'] as const),
];
export type PlayedCodec = (typeof PLAYED_CODECS)[number];
