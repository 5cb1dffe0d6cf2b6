import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CreateStreamCommand } from '@aws-sdk/client-kinesis-video';
import {
  GetDASHStreamingSessionURLCommand,
  type GetDASHStreamingSessionURLInput,
} from '@aws-sdk/client-kinesis-video-archived-media';
import { decodedVideoMd5, probePackets } from '../../e2e/support/media.ts';
import { fragmentAt, producerDialogue } from '../../fixtures/put-media/dialogues.ts';
import { startAwsServer } from './support/aws-server.ts';
import { presentationTimes } from './support/packet-times.ts';
import { hourAgo, putClip } from './support/put-clip.ts';
import { putWhole } from './support/put-media-client.ts';
import { awsCliJson, runBoto3 } from './support/python-clients.ts';
import { clip, pushByRtmp } from './support/rtmp-clip.ts';
import { sdkClients } from './support/sdk-clients.ts';

const CAMERA = clip('parking-360p-h264.mp4');

async function start(t: TestContext) {
  const server = await startAwsServer(t);
  const { archived, video } = sdkClients(t, server);
  return {
    server,
    video,
    sessionUrl: async (of: Partial<GetDASHStreamingSessionURLInput> = {}): Promise<string> => {
      const answer = await archived.send(
        new GetDASHStreamingSessionURLCommand({ StreamName: 'gate', ...of }),
      );
      return answer.DASHStreamingSessionURL ?? '';
    },
  };
}

function onDemand(
  fromMs: number,
  FragmentSelectorType: 'SERVER_TIMESTAMP' | 'PRODUCER_TIMESTAMP',
  toMs: number,
) {
  const TimestampRange = { StartTimestamp: new Date(fromMs), EndTimestamp: new Date(toMs) };
  return {
    PlaybackMode: 'ON_DEMAND',
    DASHFragmentSelector: { FragmentSelectorType, TimestampRange },
  } as const;
}

test('ffmpeg reads every packet of a recording by its manifest, whichever way the media came', async (t) => {
  const { server, video, sessionUrl } = await start(t);
  const source = await probePackets(CAMERA);
  const md5 = await decodedVideoMd5(CAMERA);
  const startMs = Date.now() - 1;
  await pushByRtmp(server, 'gate', CAMERA);
  const byRtmp = await sessionUrl(onDemand(startMs, 'SERVER_TIMESTAMP', Date.now() - 1));
  assert.ok(byRtmp.startsWith(`${server.endpoint}/dash/v1/getDASHManifest.mpd?SessionToken=`));

  await video.send(new CreateStreamCommand({ StreamName: 'put', DataRetentionInHours: 1 }));
  const putMs = hourAgo();
  await putClip({ ...server, key: server.admin, stream: 'put' }, CAMERA, putMs);
  const range = onDemand(putMs - 1000, 'PRODUCER_TIMESTAMP', putMs + 60_000);
  const byPutMedia = await sessionUrl({ StreamName: 'put', ...range });
  for (const url of [byRtmp, byPutMedia]) {
    const packets = await probePackets(url);
    assert.deepEqual(presentationTimes(packets, 'video'), presentationTimes(source, 'video'), url);
    assert.equal(presentationTimes(packets, 'audio').length, presentationTimes(source, 'audio').length);
    assert.equal(await decodedVideoMd5(url), md5);
  }
  assert.deepEqual(server.errorLines(), []);
});

test('a manifest counts its fragments, and names them when asked to', async (t) => {
  const { server, sessionUrl } = await start(t);
  const startMs = Date.now() - 1;
  await pushByRtmp(server, 'gate', CAMERA);
  const url = await sessionUrl({
    ...onDemand(startMs, 'SERVER_TIMESTAMP', Date.now() - 1),
    DisplayFragmentNumber: 'ALWAYS',
    DisplayFragmentTimestamp: 'ALWAYS',
    MaxManifestFragmentResults: 4,
  });
  const answer = await fetch(url);
  assert.equal(answer.headers.get('content-type'), 'application/dash+xml');
  assert.equal(answer.headers.get('access-control-allow-origin'), '*');
  const manifest = await answer.text();
  assert.equal(manifest.match(/<S /g)?.length, 8, 'four of each track');
  assert.equal(manifest.match(/kvs:fn="\d{47}"/g)?.length, 8);
  assert.equal(manifest.match(/kvs:ts="\d+\.\d{3}"/g)?.length, 8);
  assert.match(manifest, /media="getMP4MediaFragment\.mp4\?FragmentNumber=\$Number\$&amp;/);
});

test('G.711 as producers send it plays in DASH', async (t) => {
  const { server, sessionUrl } = await start(t);
  const startMs = Date.now();
  await putWhole({ ...server, key: server.admin, stream: 'gate' }, [
    producerDialogue([fragmentAt(startMs), fragmentAt(startMs + 2000)]),
  ]);
  const url = await sessionUrl();
  const manifest = await (await fetch(url)).text();
  assert.match(manifest, /contentType="audio" mimeType="audio\/mp4" codecs="ulaw"/);
  const init = /initialization="([^"]*TrackNumber=2)"/.exec(manifest)?.[1]?.replaceAll('&amp;', '&') ?? '';
  const media = init.replace('getMP4InitFragment.mp4?', 'getMP4MediaFragment.mp4?FragmentNumber=1&');
  for (const child of [init, media]) assert.equal((await fetch(new URL(child, url))).status, 200, child);
});

test('the aws command and boto3 get URLs too', async (t) => {
  const { server } = await start(t);
  await pushByRtmp(server, 'gate', CAMERA);
  const args = ['kinesis-video-archived-media', 'get-dash-streaming-session-url', '--stream-name', 'gate'];
  const byCli = (await awsCliJson(server, args)) as { DASHStreamingSessionURL: string };
  assert.equal((await fetch(byCli.DASHStreamingSessionURL)).status, 200);
  const byBoto = (await runBoto3(
    server,
    `c = client('kinesis-video-archived-media')
answer(c.get_dash_streaming_session_url(StreamName='gate', DisplayFragmentNumber='ALWAYS')['DASHStreamingSessionURL'])`,
  )) as string;
  assert.equal((await fetch(byBoto)).status, 200);
});
