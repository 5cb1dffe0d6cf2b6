import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { publishFile } from '../../../server/ingest/rtmp/file-publisher.ts';
import { clipPath } from '../../e2e/support/media.ts';
import { startHarness, until } from './harness.ts';

/** What we use of node-media-server's RTMP client. */
interface NmsClient {
  onPacketCallback: (packet: { codec_type: number; dts: number; size: number; data: Buffer }) => void;
  connect(url: string): Promise<void>;
  sendConnect(): Promise<unknown>;
  sendCreateStream(): Promise<unknown>;
  sendPublish(name: string): Promise<unknown>;
  sendPlay(name: string): Promise<unknown>;
  sendPacket(packet: object): void;
  disconnect(): void;
}

const RtmpClient = createRequire(import.meta.url)(
  'node-media-server/src/protocol/rtmp_client.js',
) as new () => NmsClient;

test('node-media-server relays: plays a stream of ours and publishes it as another', async (t) => {
  const harness = await startHarness(t);
  harness.streams.window('source');
  const player = new RtmpClient();
  const publisher = new RtmpClient();
  t.after(() => {
    player.disconnect();
    publisher.disconnect();
  });
  for (const client of [publisher, player]) {
    await client.connect(`${harness.url}/live/${client === player ? 'source' : 'copy'}`);
    await client.sendConnect();
    await client.sendCreateStream();
  }
  await publisher.sendPublish('copy');
  player.onPacketCallback = (packet) => publisher.sendPacket({ ...packet, data: Buffer.from(packet.data) });
  await player.sendPlay('source');
  await until(() => harness.server.counters.players === 1);
  await publishFile(clipPath('parking-360p-h264.mp4'), `${harness.url}/live/source`, { speed: Infinity });
  await harness.streams.until(() => harness.streams.last('source')?.isEnded === true);
  const source = harness.streams.last('source');
  const copy = harness.streams.last('copy');
  assert.ok(source && copy);
  await harness.streams.until(() => copy.samples.length === source.samples.length);
  assert.deepEqual(copy.failures, []);
  assert.deepEqual(
    copy.tracks.map((track) => track.codecString),
    source.tracks.map((track) => track.codecString),
  );
  for (const trackId of [1, 2]) {
    const of = (recording: typeof source) => recording.samples.filter((sample) => sample.trackId === trackId);
    const originTicks = of(source)[0]?.dtsTicks ?? 0;
    const copyOriginTicks = of(copy)[0]?.dtsTicks ?? 0;
    for (const [index, sample] of of(source).entries()) {
      const other = of(copy)[index];
      assert.ok(other && Buffer.compare(other.data, sample.data) === 0);
      const error = other.dtsTicks - copyOriginTicks - (sample.dtsTicks - originTicks);
      assert.ok(Math.abs(error) <= 90, `${error} ticks`);
    }
  }
});
