/** WAVEFORMATEX, little endian: the private data of `A_MS/ACM` tracks (RFC 9559 codec mappings; kvs.md §2.6). */

const FORMAT_PCMA = 0x0006;
const FORMAT_PCMU = 0x0007;
const BASE_BYTES = 16;

export interface AcmFormat {
  readonly codec: 'pcma' | 'pcmu';
  readonly channels: number;
  readonly sampleRateHz: number;
}

/** Reads a WAVEFORMATEX of G.711; `undefined` when it is cut off or of another format. */
export function readAcmFormat(bytes: Uint8Array): AcmFormat | undefined {
  if (bytes.length < BASE_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const tag = view.getUint16(0, true);
  if (tag !== FORMAT_PCMA && tag !== FORMAT_PCMU) return undefined;
  return {
    codec: tag === FORMAT_PCMA ? 'pcma' : 'pcmu',
    channels: view.getUint16(2, true),
    sampleRateHz: view.getUint32(4, true),
  };
}

/** Writes the 18 bytes of a WAVEFORMATEX: one byte a sample, no extension. */
export function writeAcmFormat({ codec, channels, sampleRateHz }: AcmFormat): Uint8Array {
  const bytes = new Uint8Array(BASE_BYTES + 2);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, codec === 'pcma' ? FORMAT_PCMA : FORMAT_PCMU, true);
  view.setUint16(2, channels, true);
  view.setUint32(4, sampleRateHz, true);
  view.setUint32(8, sampleRateHz * channels, true);
  view.setUint16(12, channels, true);
  view.setUint16(14, 8, true);
  return bytes;
}
