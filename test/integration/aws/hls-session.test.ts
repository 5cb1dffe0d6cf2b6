import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CreateStreamCommand, DeleteStreamCommand, ListStreamsCommand } from '@aws-sdk/client-kinesis-video';
import {
  GetHLSStreamingSessionURLCommand,
  type GetHLSStreamingSessionURLInput,
  ListFragmentsCommand,
} from '@aws-sdk/client-kinesis-video-archived-media';
import { decodedVideoMd5, probePackets } from '../../e2e/support/media.ts';
import { fragmentAt, producerDialogue, VIDEO } from '../../fixtures/put-media/dialogues.ts';
import { startAwsServer } from './support/aws-server.ts';
import { presentationTimes } from './support/packet-times.ts';
import { hourAgo, putClip } from './support/put-clip.ts';
import { putWhole } from './support/put-media-client.ts';
import { awsCliJson, runBoto3 } from './support/python-clients.ts';
import { clip, pushByRtmp } from './support/rtmp-clip.ts';
import { sdkClients } from './support/sdk-clients.ts';

const CAMERA = clip('parking-360p-h264.mp4');

async function start(t: TestContext, settings: Readonly<Record<string, unknown>> = {}) {
  const server = await startAwsServer(t, settings);
  const { archived, video } = sdkClients(t, server);
  return {
    server,
    archived,
    video,
    push: (file = CAMERA) => pushByRtmp(server, 'gate', file),
    sessionUrl: async (of: Partial<GetHLSStreamingSessionURLInput> = {}): Promise<string> => {
      const answer = await archived.send(new GetHLSStreamingSessionURLCommand({ StreamName: 'gate', ...of }));
      return answer.HLSStreamingSessionURL ?? '';
    },
  };
}

/** Everything up to now, from a moment on. */
function onDemand(
  fromMs: number,
  FragmentSelectorType: 'SERVER_TIMESTAMP' | 'PRODUCER_TIMESTAMP' = 'SERVER_TIMESTAMP',
  toMs = Date.now() - 1,
) {
  const TimestampRange = { StartTimestamp: new Date(fromMs), EndTimestamp: new Date(toMs) };
  return {
    PlaybackMode: 'ON_DEMAND',
    HLSFragmentSelector: { FragmentSelectorType, TimestampRange },
  } as const;
}

async function playlistOf(url: string): Promise<string[]> {
  const answer = await fetch(url);
  assert.equal(answer.status, 200, await answer.clone().text());
  return (await answer.text()).trim().split('\n');
}

test('the SDK gets a URL, and ffmpeg every packet of the recording behind it, in both containers', async (t) => {
  const { server, push, sessionUrl } = await start(t);
  const startMs = Date.now() - 1;
  await push();
  const source = await probePackets(CAMERA);
  const md5 = await decodedVideoMd5(CAMERA);
  for (const ContainerFormat of ['FRAGMENTED_MP4', 'MPEG_TS'] as const) {
    const url = await sessionUrl({ ...onDemand(startMs), ContainerFormat });
    assert.ok(url.startsWith(`${server.endpoint}/hls/v1/getHLSMasterPlaylist.m3u8?SessionToken=`), url);
    const packets = await probePackets(url);
    for (const type of ['video', 'audio'] as const) {
      assert.deepEqual(presentationTimes(packets, type), presentationTimes(source, type), type);
    }
    assert.equal(await decodedVideoMd5(url), md5);
  }
  assert.deepEqual(server.errorLines(), []);
});

test('media that came by PutMedia plays by its producer time', async (t) => {
  const { server, video, sessionUrl } = await start(t);
  await video.send(new CreateStreamCommand({ StreamName: 'gate', DataRetentionInHours: 1 }));
  const startMs = hourAgo();
  await putClip({ ...server, key: server.admin, stream: 'gate' }, CAMERA, startMs);
  const source = await probePackets(CAMERA);
  const md5 = await decodedVideoMd5(CAMERA);
  for (const ContainerFormat of ['FRAGMENTED_MP4', 'MPEG_TS'] as const) {
    const url = await sessionUrl({
      ...onDemand(startMs - 1000, 'PRODUCER_TIMESTAMP', startMs + 60_000),
      ContainerFormat,
      DisplayFragmentTimestamp: 'ALWAYS',
    });
    const packets = await probePackets(url);
    assert.deepEqual(presentationTimes(packets, 'video'), presentationTimes(source, 'video'));
    assert.equal(presentationTimes(packets, 'audio').length, presentationTimes(source, 'audio').length);
    assert.equal(await decodedVideoMd5(url), md5);
    const [, , , media = ''] = (await playlistOf(url)).slice(-4);
    const lines = await playlistOf(new URL(media, url).href);
    assert.ok(lines.includes(`#EXT-X-PROGRAM-DATE-TIME:${new Date(startMs).toISOString()}`));
    assert.ok(!lines.includes('#EXT-X-DISCONTINUITY'), 'PRODUCER_TIMESTAMP has none by default');
  }
});

test('playlists name the real fragments, as ListFragments does', async (t) => {
  const { archived, push, sessionUrl } = await start(t);
  const startMs = Date.now() - 1;
  await push();
  const range = onDemand(startMs);
  const { Fragments = [] } = await archived.send(
    new ListFragmentsCommand({ StreamName: 'gate', FragmentSelector: range.HLSFragmentSelector }),
  );
  const numbers = Fragments.map(({ FragmentNumber }) => FragmentNumber).toSorted();
  assert.ok(numbers.length > 5);
  const url = await sessionUrl({ ...range, MaxMediaPlaylistFragmentResults: 3 });
  const master = await playlistOf(url);
  const lines = await playlistOf(new URL(master.at(-1) ?? '', url).href);
  const named = lines.flatMap((line) => /FragmentNumber=(\d{47})&/.exec(line)?.[1] ?? []);
  assert.deepEqual(named, numbers.slice(0, 3));
  assert.equal(lines.filter((line) => line === '#EXT-X-DISCONTINUITY').length, 4);
  assert.equal(lines.at(-1), '#EXT-X-ENDLIST');
});

test('the aws command and boto3 get URLs too', async (t) => {
  const { server, push } = await start(t);
  await push();
  const args = ['kinesis-video-archived-media', 'get-hls-streaming-session-url', '--stream-name', 'gate'];
  const byCli = (await awsCliJson(server, args)) as { HLSStreamingSessionURL: string };
  assert.equal((await fetch(byCli.HLSStreamingSessionURL)).status, 200);
  const byBoto = (await runBoto3(
    server,
    `c = client('kinesis-video-archived-media')
answer(c.get_hls_streaming_session_url(StreamName='gate', PlaybackMode='LIVE', Expires=600)['HLSStreamingSessionURL'])`,
  )) as string;
  assert.equal((await fetch(byBoto)).status, 200);
});

test('errors are those of the model', async (t) => {
  const { server, archived, video, push, sessionUrl } = await start(t);
  const rejects = (promise: Promise<unknown>, name: string, text = /./) =>
    assert.rejects(promise, (error: Error) => {
      assert.equal(error.name, name);
      assert.match(error.message, text);
      return true;
    });
  await rejects(sessionUrl(), 'ResourceNotFoundException');
  await video.send(new CreateStreamCommand({ StreamName: 'gate', DataRetentionInHours: 1 }));
  const none = /^No fragments found in the stream for the streaming request\.$/;
  await rejects(sessionUrl(), 'ResourceNotFoundException', none);
  await rejects(sessionUrl(onDemand(Date.now() - 9000)), 'ResourceNotFoundException', none);
  await rejects(sessionUrl({ PlaybackMode: 'ON_DEMAND' }), 'InvalidArgumentException');
  await rejects(sessionUrl({ ...onDemand(1), PlaybackMode: 'LIVE' }), 'InvalidArgumentException');
  await rejects(sessionUrl({ Expires: 299 }), 'InvalidArgumentException');
  await rejects(sessionUrl({ MaxMediaPlaylistFragmentResults: 5001 }), 'InvalidArgumentException');

  await video.send(new CreateStreamCommand({ StreamName: 'unkept' }));
  const unkept = new GetHLSStreamingSessionURLCommand({ StreamName: 'unkept' });
  await rejects(archived.send(unkept), 'NoDataRetentionException');

  await push(clip('parking-360p-av1.mp4'));
  assert.ok(await sessionUrl(), 'more than the service plays');
  await rejects(sessionUrl({ ContainerFormat: 'MPEG_TS' }), 'UnsupportedStreamMediaTypeException', /av1/);

  const stranger = sdkClients(t, server, server.addKey([{ action: 'view', stream: 'other' }]));
  const command = new GetHLSStreamingSessionURLCommand({ StreamName: 'gate' });
  await rejects(stranger.archived.send(command), 'NotAuthorizedException');
  const viewer = sdkClients(t, server, server.addKey([{ action: 'view', stream: 'ga*' }]));
  assert.ok((await viewer.archived.send(command)).HLSStreamingSessionURL);
  assert.deepEqual(server.errorLines(), []);
});

test('a producer whose private data are missing or wrong is told so when its media are to be played', async (t) => {
  const { server, archived } = await start(t);
  for (const [stream, codecPrivate, name] of [
    ['missing', undefined, 'MissingCodecPrivateDataException'],
    ['wrong', Buffer.from('not an avcC'), 'InvalidCodecPrivateDataException'],
  ] as const) {
    const { codecPrivate: _, ...bare } = VIDEO;
    const track = codecPrivate === undefined ? bare : { ...bare, codecPrivate };
    const startMs = Date.now();
    const body = producerDialogue(
      [fragmentAt(startMs, { withAudio: false }), fragmentAt(startMs + 2000, { withAudio: false })],
      { tracks: [track] },
    );
    await putWhole({ ...server, key: server.admin, stream }, [body]);
    await assert.rejects(
      archived.send(new GetHLSStreamingSessionURLCommand({ StreamName: stream })),
      (error: Error) => error.name === name,
      stream,
    );
  }
});

test('a deleted stream ends its sessions, and a token is in no log line', async (t) => {
  const { server, archived, video, push, sessionUrl } = await start(t);
  await push();
  const url = await sessionUrl();
  const { HLSStreamingSessionURL: again = '' } = await archived.send(
    new GetHLSStreamingSessionURLCommand({ StreamName: 'gate' }),
  );
  assert.notEqual(again, url, 'one token a session');
  assert.equal((await fetch(url)).status, 200);
  assert.equal((await fetch(`${url}x`)).status, 403);
  const { StreamInfoList = [] } = await video.send(new ListStreamsCommand({}));
  await video.send(new DeleteStreamCommand({ StreamARN: StreamInfoList[0]?.StreamARN }));
  assert.equal((await fetch(url)).status, 404);
  await push();
  assert.equal((await fetch(url)).status, 404, 'the new stream of the same name is another one');
  const token = new URL(url).searchParams.get('SessionToken') ?? '';
  assert.ok(!server.logLines.some((line) => line.includes(token.slice(0, 40))));
});
