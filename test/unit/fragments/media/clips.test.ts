import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ALL_FORMATS, type EncodedPacket, EncodedPacketSink, FilePathSource, Input } from 'mediabunny';
import { av1CFromKeyFrame, isAv1Sync } from '../../../../fragments/media/av1.ts';
import { avcLengthSize, isAvcSync } from '../../../../fragments/media/avc.ts';
import { withInBandParameterSets } from '../../../../fragments/media/decoder-change.ts';
import { describeTrack } from '../../../../fragments/media/describe-track.ts';
import { hevcLengthSize, isHevcSync } from '../../../../fragments/media/hevc.ts';
import { opusPacketSamples } from '../../../../fragments/media/opus.ts';
import type { Codec, Track, TrackKind } from '../../../../fragments/media/track.ts';
import { isVp8Sync, vpcCFromVp8KeyFrame } from '../../../../fragments/media/vp8.ts';
import { isVp9Sync, vpcCFromVp9KeyFrame } from '../../../../fragments/media/vp9.ts';

/** The shared camera clips: every codec header in them against what mediabunny reads. */
const folder = new URL('../../../../../shared/media/', import.meta.url);

const CODECS: Record<string, Codec> = { avc: 'h264', hevc: 'h265', av1: 'av1', vp9: 'vp9', vp8: 'vp8' };

/** The config where the container has it, else from the first key frame. */
function configOf(codec: Codec, description: Uint8Array | undefined, first: Uint8Array): Uint8Array {
  if (description !== undefined) return description;
  if (codec === 'av1') return av1CFromKeyFrame(first) ?? first;
  return codec === 'vp9' ? vpcCFromVp9KeyFrame(first) : vpcCFromVp8KeyFrame(first);
}

function isSync(track: Track, data: Uint8Array): boolean {
  switch (track.codec) {
    case 'h264':
      return isAvcSync(data, avcLengthSize(track.config));
    case 'h265':
      return isHevcSync(data, hevcLengthSize(track.config));
    case 'av1':
      return isAv1Sync(data);
    case 'vp9':
      return isVp9Sync(data);
    case 'vp8':
      return isVp8Sync(data);
    default:
      return true;
  }
}

async function packetsOf(sink: EncodedPacketSink): Promise<EncodedPacket[]> {
  const packets: EncodedPacket[] = [];
  for await (const packet of sink.packets()) packets.push(packet);
  return packets;
}

for (const name of readdirSync(folder).filter((file) => /\.(mp4|webm)$/.test(file))) {
  describe(name, async () => {
    const input = new Input({
      formats: ALL_FORMATS,
      source: new FilePathSource(fileURLToPath(new URL(name, folder))),
    });
    for (const source of [...(await input.getVideoTracks()), ...(await input.getAudioTracks())]) {
      const config = await source.getDecoderConfig();
      const packets = await packetsOf(new EncodedPacketSink(source));
      const [first] = packets;
      assert.ok(config && first);
      const codec =
        CODECS[config.codec.split(/[.\d]/)[0] ?? ''] ?? CODECS[source.codec ?? ''] ?? (source.codec as Codec);
      const description = config.description as Uint8Array | undefined;
      const track = describeTrack({
        id: 1,
        kind: source.type as TrackKind,
        codec,
        timescale: 90000,
        config: configOf(codec, description, first.data),
        // Only WebM's VP8 and VP9 leave the size to the container.
        ...('codedWidth' in config ? { width: config.codedWidth, height: config.codedHeight } : {}),
      });

      test(`${codec} track`, () => {
        if ('codedWidth' in config)
          assert.deepEqual([track.width, track.height], [config.codedWidth, config.codedHeight]);
        if ('sampleRate' in config) {
          assert.deepEqual(
            [track.sampleRateHz, track.channels],
            [config.sampleRate, config.numberOfChannels],
          );
        }
        const expected = config.codec.replace('hev1', 'hvc1').replace(/^(av01|vp09)((\.\w+){3}).*/, '$1$2');
        assert.ok(
          track.codecString === expected ||
            (codec === 'vp8' && /^vp08\.00\.\d\d\.08$/.test(track.codecString)),
        );
      });

      test(`${codec} packets`, () => {
        assert.deepEqual(
          packets.map(({ data }) => isSync(track, data)),
          packets.map(({ type }) => type === 'key'),
        );
        for (const { type, data } of packets) {
          if (type === 'key') assert.equal(withInBandParameterSets(track, data), undefined);
          if (codec === 'opus') assert.equal(opusPacketSamples(data), 960);
        }
      });
    }
  });
}
