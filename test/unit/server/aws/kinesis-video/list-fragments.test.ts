import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AwsHandler } from '../../../../../server/aws/aws-call.ts';
import { listFragments } from '../../../../../server/aws/kinesis-video/list-fragments.ts';
import { ConsumedFragments } from '../../../../../server/playback/consumed-fragments.ts';
import { camera, NOW_MS } from '../../../fragments/stream/media.ts';
import { WriterRig } from '../../../fragments/stream/writer-rig.ts';
import { awsError, callOf, OneStream, VIDEO_STREAM } from './support.ts';

interface Listed {
  readonly FragmentNumber: string;
  readonly FragmentSizeInBytes: number;
  readonly ProducerTimestamp: number;
  readonly ServerTimestamp: number;
  readonly FragmentLengthInMilliseconds: number;
}

interface Page {
  readonly Fragments: readonly Listed[];
  readonly NextToken?: string;
}

class ListRig {
  readonly rig = new WriterRig({ windowFragments: 3 });
  readonly resources = new OneStream(this.rig);
  readonly consumed = new ConsumedFragments();
  nowMs = NOW_MS + 60_000;

  async list(input: object): Promise<Page> {
    const list = listFragments(this.resources, this.consumed).handlers?.ListFragments as AwsHandler;
    const output = await list(callOf({ StreamName: 'gate', ...input }, { nowMs: this.nowMs }));
    return output as unknown as Page;
  }

  between(fromMs: number, toMs: number, type = 'SERVER_TIMESTAMP', more: object = {}): Promise<Page> {
    return this.list({
      FragmentSelector: {
        FragmentSelectorType: type,
        TimestampRange: { StartTimestamp: NOW_MS + fromMs, EndTimestamp: NOW_MS + toMs },
      },
      ...more,
    });
  }
}

function startsOf({ Fragments }: Page): number[] {
  return Fragments.map(({ ServerTimestamp }) => ServerTimestamp - NOW_MS);
}

for (const type of ['SERVER_TIMESTAMP', 'PRODUCER_TIMESTAMP']) {
  test(`${type}: fragments whose start lies in the range, both ends included, by arrival`, async () => {
    const all = new ListRig();
    all.rig.write(camera(0, 10_000));
    await all.rig.settle();
    assert.deepEqual(startsOf(await all.between(2000, 4000, type)), [2000, 3000, 4000]);
    assert.deepEqual(startsOf(await all.between(2001, 3999, type)), [3000]);
    assert.deepEqual(startsOf(await all.between(-10_000, -1, type)), []);
  });
}

test('a fragment is told by its number, size, times and length', async () => {
  const list = new ListRig();
  list.rig.write(camera(0, 2000));
  await list.rig.writer.end();
  const [first] = (await list.between(0, 0)).Fragments;
  const info = list.rig.log.fragments[0];
  assert.deepEqual(first, {
    FragmentNumber: info?.number,
    FragmentSizeInBytes: info?.sizeBytes,
    ProducerTimestamp: NOW_MS,
    ServerTimestamp: NOW_MS,
    FragmentLengthInMilliseconds: 1000,
  });
});

test('what is complete and not on disk yet is listed, what is being received is not', async () => {
  const list = new ListRig();
  list.rig.log.isStalled = true;
  list.rig.write(camera(0, 3500));
  assert.equal(list.rig.log.fragments.length, 0);
  assert.deepEqual(startsOf(await list.between(0, 10_000)), [0, 1000, 2000]);
  list.rig.log.isStalled = false;
  list.rig.log.flush();
  await list.rig.settle();
  assert.deepEqual(startsOf(await list.between(0, 10_000)), [0, 1000, 2000], 'once in both, told once');
});

test('pages follow each other and end; those of a live stream go on', async () => {
  const list = new ListRig();
  list.rig.write(camera(0, 10_000));
  await list.rig.settle();
  const seen: number[] = [];
  let token: string | undefined;
  let pages = 0;
  do {
    const page: Page =
      token === undefined
        ? await list.between(0, 8000, 'PRODUCER_TIMESTAMP', { MaxResults: 4 })
        : await list.list({ NextToken: token, MaxResults: 4 });
    assert.ok(page.Fragments.length <= 4);
    seen.push(...startsOf(page));
    token = page.NextToken;
    pages++;
  } while (token !== undefined);
  assert.deepEqual(seen, [0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000]);
  assert.equal(pages, 3);
});

test('the default is a hundred a page', async () => {
  const list = new ListRig();
  list.rig.write(camera(0, 102_000));
  await list.rig.writer.end();
  list.nowMs = NOW_MS + 200_000;
  const page = await list.between(0, 200_000);
  assert.equal(page.Fragments.length, 100);
  assert.equal((await list.list({ NextToken: page.NextToken })).Fragments.length, 2);
});

test('a producer clock that was set back: every session is listed, in order of arrival', async () => {
  const list = new ListRig();
  list.rig.write(camera(0, 3000));
  await list.rig.writer.end();
  list.rig.startSession();
  for (const sample of camera(0, 3000)) {
    const ms = sample.dtsTicks / 90;
    list.rig.writer.write(sample, NOW_MS + 10_000 + ms, NOW_MS + 500 + ms);
  }
  await list.rig.writer.end();
  const page = await list.between(0, 2000, 'PRODUCER_TIMESTAMP');
  assert.deepEqual(
    page.Fragments.map((each) => each.ProducerTimestamp - NOW_MS),
    [0, 1000, 2000, 500, 1500],
  );
});

test('fragments are found by the whole milliseconds that they were told with', async () => {
  const list = new ListRig();
  for (const sample of camera(0, 3000)) {
    const ms = sample.dtsTicks / 90;
    list.rig.writer.write(sample, NOW_MS + ms, NOW_MS + 0.6 + ms);
  }
  await list.rig.writer.end();
  const [first] = (await list.between(0, 999, 'PRODUCER_TIMESTAMP')).Fragments;
  assert.equal(first?.ProducerTimestamp, NOW_MS + 1);
  assert.equal((await list.between(1, 1, 'PRODUCER_TIMESTAMP')).Fragments.length, 1);
  assert.equal((await list.between(0, 0, 'PRODUCER_TIMESTAMP')).Fragments.length, 0);
});

test('media past the retention are neither listed nor asked for', async () => {
  const list = new ListRig();
  list.rig.write(camera(0, 10_000));
  await list.rig.writer.end();
  list.resources.video = { ...VIDEO_STREAM, retentionHours: 1 };
  list.nowMs = NOW_MS + 3_600_000 + 4000;
  assert.deepEqual(startsOf(await list.between(0, 10_000)), [4000, 5000, 6000, 7000, 8000, 9000]);
  const outside = awsError(
    'InvalidArgumentException',
    new RegExp(`^End timestamp ${NOW_MS + 3999} is outside of the stream retention period\\.$`),
  );
  await assert.rejects(list.between(0, 3999), outside);
});

test('a stream without an archive lists nothing', async () => {
  const list = new ListRig();
  list.rig.write(camera(0, 3000));
  list.resources.video = { ...VIDEO_STREAM, retentionHours: 0 };
  list.nowMs = NOW_MS + 2000;
  assert.deepEqual(await list.between(0, 2000), { Fragments: [] });
  await assert.rejects(list.between(0, 1999), awsError('InvalidArgumentException', /retention period/));
});

test('bad selectors and tokens are told', async () => {
  const list = new ListRig();
  const invalid = (message: RegExp) => awsError('InvalidArgumentException', message);
  await assert.rejects(list.list({}), invalid(/FragmentSelector is required/));
  await assert.rejects(list.between(2, 1), invalid(/StartTimestamp is later/));
  await assert.rejects(list.list({ NextToken: 'AAAA' }), invalid(/NextToken/));
  list.resources.isThere = false;
  await assert.rejects(list.between(0, 1), awsError('ResourceNotFoundException', /./));
});
