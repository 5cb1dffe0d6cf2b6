import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import {
  type Fragment,
  type FragmentSelector,
  GetMediaForFragmentListCommand,
  ListFragmentsCommand,
  paginateListFragments,
} from '@aws-sdk/client-kinesis-video-archived-media';
import { decodedVideoMd5, probePackets } from '../../e2e/support/media.ts';
import { until } from '../../e2e/support/until.ts';
import { startAwsServer } from './support/aws-server.ts';
import { checkFragments, checkParserRules, mergeFragments } from './support/matroska-checker.ts';
import { numbersOf } from './support/media-consumer.ts';
import { mkvinfo, temporaryFile } from './support/mkvinfo.ts';
import { awsCliJson, runAwsCli, runBoto3 } from './support/python-clients.ts';
import { clip, pushByRtmp } from './support/rtmp-clip.ts';
import { sdkClients } from './support/sdk-clients.ts';

const CAMERA = clip('parking-360p-h264.mp4');

async function start(t: TestContext) {
  const server = await startAwsServer(t);
  const { archived } = sdkClients(t, server);
  const fromMs = Date.now() - 60_000;
  /** All that was sent in this test, by either clock. */
  const selector = (FragmentSelectorType: FragmentSelector['FragmentSelectorType']): FragmentSelector => ({
    FragmentSelectorType,
    TimestampRange: { StartTimestamp: new Date(fromMs), EndTimestamp: new Date(fromMs + 3_600_000) },
  });
  const list = async (
    type: FragmentSelector['FragmentSelectorType'] = 'SERVER_TIMESTAMP',
    pageSize = 1000,
  ) => {
    const fragments: Fragment[] = [];
    const input = { StreamName: 'gate', FragmentSelector: selector(type) };
    for await (const page of paginateListFragments({ client: archived, pageSize }, input)) {
      assert.ok((page.Fragments?.length ?? 0) <= pageSize);
      fragments.push(...(page.Fragments ?? []));
    }
    return fragments;
  };
  const media = async (Fragments: string[]): Promise<Buffer> => {
    const command = new GetMediaForFragmentListCommand({ StreamName: 'gate', Fragments });
    const { ContentType, Payload } = await archived.send(command);
    assert.equal(ContentType, 'video/webm');
    return Buffer.from((await Payload?.transformToByteArray()) ?? []);
  };
  return { server, archived, list, media, push: (file = CAMERA) => pushByRtmp(server, 'gate', file) };
}

function numbers(fragments: readonly Fragment[]): string[] {
  return fragments.map(({ FragmentNumber = '' }) => FragmentNumber);
}

test('what was sent is listed at once, in pages of any size, by both clocks', async (t) => {
  const { push, list, server } = await start(t);
  await push();
  const all = await list();
  const durationMs = all.reduce((sum, each) => sum + (each.FragmentLengthInMilliseconds ?? 0), 0);
  assert.equal(durationMs, 20_000, 'all of the clip');
  assert.deepEqual(numbers(all), numbers(all).toSorted());
  for (const each of all) {
    assert.ok((each.FragmentSizeInBytes ?? 0) > 1000);
    assert.ok(each.ProducerTimestamp !== undefined && each.ServerTimestamp !== undefined);
  }
  assert.deepEqual(await list('PRODUCER_TIMESTAMP'), all);
  assert.deepEqual(await list('PRODUCER_TIMESTAMP', 3), all);
  assert.deepEqual(await list('SERVER_TIMESTAMP', 1), all);
  assert.deepEqual(server.errorLines(), []);
});

test('both ends of a range are included', async (t) => {
  const { push, list, archived } = await start(t);
  await push();
  const all = await list('PRODUCER_TIMESTAMP');
  const [from, to] = [all[1]?.ProducerTimestamp, all[3]?.ProducerTimestamp];
  const between = async (StartTimestamp: Date | undefined, EndTimestamp: Date | undefined) => {
    const { Fragments } = await archived.send(
      new ListFragmentsCommand({
        StreamName: 'gate',
        FragmentSelector: {
          FragmentSelectorType: 'PRODUCER_TIMESTAMP',
          TimestampRange: { StartTimestamp, EndTimestamp },
        },
      }),
    );
    return numbers(Fragments ?? []);
  };
  assert.deepEqual(await between(from, to), numbers(all.slice(1, 4)));
  assert.deepEqual(await between(from, from), numbers(all.slice(1, 2)));
});

test('media of a list of fragments: sample-exact, in the order asked for', async (t) => {
  const { push, list, media, server } = await start(t);
  await push();
  const all = numbers(await list());
  const fragments = checkFragments(await media(all), true);
  checkParserRules(fragments, false);
  assert.deepEqual(numbersOf(fragments), all);
  const file = temporaryFile(t, 'list.mkv');
  writeFileSync(file, mergeFragments(fragments));
  const sizes = (packets: Awaited<ReturnType<typeof probePackets>>) =>
    (['video', 'audio'] as const).map((type) =>
      packets.filter((packet) => packet.type === type).map(({ sizeBytes }) => sizeBytes),
    );
  assert.deepEqual(sizes(await probePackets(file)), sizes(await probePackets(CAMERA)));
  assert.equal(await decodedVideoMd5(file), await decodedVideoMd5(CAMERA));
  await mkvinfo(file);

  const chosen = [all[4], all[1], all[4]].filter((number) => number !== undefined);
  const few = checkFragments(await media(chosen), true);
  assert.deepEqual(numbersOf(few), chosen);
  for (const { before, after } of few) {
    const tag = (name: string) => before.get(`AWS_KINESISVIDEO_${name}`);
    assert.equal(tag('SERVER_SIDE_TIMESTAMP'), tag('SERVER_TIMESTAMP'));
    assert.equal(tag('PRODUCER_SIDE_TIMESTAMP'), tag('PRODUCER_TIMESTAMP'));
    assert.equal(after.size, 0);
  }
  assert.deepEqual(server.errorLines(), []);
});

test('a thousand fragments in one call', async (t) => {
  const { push, list, media } = await start(t);
  await push();
  const all = numbers(await list());
  const many = Array.from({ length: 1000 }, (_, i) => all[i % all.length] ?? '');
  assert.equal(checkFragments(await media(many), true).length, 1000);
});

test('numbers that name nothing are told', async (t) => {
  const { push, list, media, archived } = await start(t);
  await push();
  const [good = ''] = numbers(await list());
  const other = String(BigInt(good) + 1n);
  await assert.rejects(media([good, other, '17']), (error: Error) => {
    assert.equal(error.name, 'InvalidArgumentException');
    assert.equal(error.message, `Fragment numbers are invalid : ${other}, 17`);
    return true;
  });
  await assert.rejects(media(Array.from({ length: 30 }, (_, i) => `${i}`)), /9, and 20 more$/);
  await assert.rejects(media([]), { name: 'InvalidArgumentException' });
  const nobody = new GetMediaForFragmentListCommand({ StreamName: 'nobody', Fragments: [good] });
  await assert.rejects(archived.send(nobody), { name: 'ResourceNotFoundException' });
});

test('ranges and tokens that say nothing are refused, as the model says', async (t) => {
  const { push, archived, list, server } = await start(t);
  await push();
  await list();
  const ask = (input: object) => archived.send(new ListFragmentsCommand({ StreamName: 'gate', ...input }));
  const invalid = (message: RegExp) => (error: Error & { $metadata?: { httpStatusCode?: number } }) => {
    assert.equal(error.name, 'InvalidArgumentException');
    assert.equal(error.$metadata?.httpStatusCode, 400);
    assert.match(error.message, message);
    return true;
  };
  await assert.rejects(ask({}), invalid(/FragmentSelector/));
  await assert.rejects(ask({ NextToken: 'bm90IG91cnM=' }), invalid(/NextToken/));
  await assert.rejects(
    awsCliJson(server, [
      ...['kinesis-video-archived-media', 'list-fragments', '--stream-name', 'gate'],
      ...['--next-token', '!'],
    ]),
    /InvalidArgumentException/,
  );
  assert.deepEqual(server.errorLines(), []);
});

test('a range that has left the retention is refused with the words of the service', async (t) => {
  const { push, archived } = await start(t);
  await push();
  const EndTimestamp = new Date(1000);
  const FragmentSelector: FragmentSelector = {
    FragmentSelectorType: 'SERVER_TIMESTAMP',
    TimestampRange: { StartTimestamp: new Date(0), EndTimestamp },
  };
  await assert.rejects(
    archived.send(new ListFragmentsCommand({ StreamName: 'gate', FragmentSelector })),
    /^InvalidArgumentException: End timestamp 1000 is outside of the stream retention period\.$/,
  );
});

test('the aws command and boto3 list and read', async (t) => {
  const { push, list, server } = await start(t);
  await push();
  const all = numbers(await list());
  const [from, to] = [Date.now() / 1000 - 600, Date.now() / 1000 + 600].map(Math.round);
  const listed = (await awsCliJson(server, [
    ...['kinesis-video-archived-media', 'list-fragments', '--stream-name', 'gate'],
    ...['--page-size', '3', '--fragment-selector'],
    `FragmentSelectorType=SERVER_TIMESTAMP,TimestampRange={StartTimestamp=${from},EndTimestamp=${to}}`,
  ])) as { Fragments: Fragment[] };
  assert.deepEqual(numbers(listed.Fragments), all);

  const file = temporaryFile(t, 'cli.mkv');
  const { code, stderr } = await runAwsCli(server, [
    ...['kinesis-video-archived-media', 'get-media-for-fragment-list', '--stream-name', 'gate'],
    ...[file, '--fragments', ...all],
  ]);
  assert.equal(code, 0, stderr);
  assert.equal((await probePackets(file)).length, 814);

  const counted = await runBoto3(
    server,
    `archived = client('kinesis-video-archived-media')
numbers = []
for page in archived.get_paginator('list_fragments').paginate(
    StreamName='gate', PaginationConfig={'PageSize': 2},
    FragmentSelector={'FragmentSelectorType': 'PRODUCER_TIMESTAMP', 'TimestampRange': {'StartTimestamp': ${from}, 'EndTimestamp': ${to}}}):
    numbers += [each['FragmentNumber'] for each in page['Fragments']]
body = archived.get_media_for_fragment_list(StreamName='gate', Fragments=numbers)['Payload'].read()
answer([len(numbers), body.count(b'AWS_KINESISVIDEO_FRAGMENT_NUMBER')])`,
  );
  assert.deepEqual(counted, [all.length, all.length]);
  assert.deepEqual(server.errorLines(), []);
});

test('fragments of a camera that sends now show while it does', async (t) => {
  const { list, server } = await start(t);
  const stop = new AbortController();
  const url = { speed: 10, loops: Number.POSITIVE_INFINITY, signal: stop.signal };
  const pushed = pushByRtmp(server, 'gate', CAMERA, url);
  const seen = await until('two fragments', async () => {
    const fragments = await list().catch((error: Error) => {
      assert.equal(error.name, 'ResourceNotFoundException');
      return [];
    });
    return fragments.length >= 2 && fragments;
  });
  stop.abort();
  await pushed;
  assert.deepEqual(numbers(await list()).slice(0, 2), numbers(seen).slice(0, 2));
});
