import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AwsError } from '../../../../server/aws/aws-call.ts';
import {
  type DashSessionInput,
  dashRequest,
  type HlsSessionInput,
  hlsRequest,
} from '../../../../server/aws/kinesis-video/streaming-session-input.ts';

const NOW_MS = 1_800_000_000_000;
const DAY_MS = 86_400_000;
const range = (fromMs: number, toMs?: number) => ({
  StartTimestamp: NOW_MS + fromMs,
  ...(toMs === undefined ? {} : { EndTimestamp: NOW_MS + toMs }),
});

test('what is not asked for has the defaults of the service', () => {
  assert.deepEqual(hlsRequest({ StreamName: 'cam' }, NOW_MS), {
    protocol: 'hls',
    mode: 'LIVE',
    clock: 'server',
    container: 'mp4',
    discontinuity: 'ALWAYS',
    showTimestamps: false,
    showNumbers: false,
    maxFragments: 5,
    expiresS: 300,
  });
  const onDemand = hlsRequest(
    {
      PlaybackMode: 'ON_DEMAND',
      HLSFragmentSelector: {
        FragmentSelectorType: 'PRODUCER_TIMESTAMP',
        TimestampRange: range(-5000, 5000),
      },
    },
    NOW_MS,
  );
  assert.equal(onDemand.discontinuity, 'NEVER');
  assert.equal(onDemand.maxFragments, 1000);
  assert.deepEqual([onDemand.startMs, onDemand.endMs], [NOW_MS - 5000, NOW_MS + 5000]);
  const replay: DashSessionInput = {
    PlaybackMode: 'LIVE_REPLAY',
    DASHFragmentSelector: { TimestampRange: range(-9000) },
    DisplayFragmentNumber: 'ALWAYS',
    DisplayFragmentTimestamp: 'ALWAYS',
  };
  assert.deepEqual(dashRequest(replay, NOW_MS), {
    protocol: 'dash',
    mode: 'LIVE_REPLAY',
    clock: 'server',
    startMs: NOW_MS - 9000,
    container: 'mp4',
    discontinuity: 'NEVER',
    showTimestamps: true,
    showNumbers: true,
    maxFragments: 5,
    expiresS: 300,
  });
});

test('everything can be asked for', () => {
  const request = hlsRequest(
    {
      PlaybackMode: 'LIVE',
      HLSFragmentSelector: { FragmentSelectorType: 'PRODUCER_TIMESTAMP' },
      ContainerFormat: 'MPEG_TS',
      DiscontinuityMode: 'ON_DISCONTINUITY',
      DisplayFragmentTimestamp: 'ALWAYS',
      Expires: 43_200,
      MaxMediaPlaylistFragmentResults: 5000,
    },
    NOW_MS,
  );
  assert.deepEqual(request, {
    protocol: 'hls',
    mode: 'LIVE',
    clock: 'producer',
    container: 'ts',
    discontinuity: 'ON_DISCONTINUITY',
    showTimestamps: true,
    showNumbers: false,
    maxFragments: 5000,
    expiresS: 43_200,
  });
});

test('ranges that make no sense are refused', () => {
  const refused = (of: Partial<HlsSessionInput>, text: RegExp) =>
    assert.throws(
      () => hlsRequest(of, NOW_MS),
      (error) =>
        error instanceof AwsError && error.code === 'InvalidArgumentException' && text.test(error.message),
    );
  const onDemand = (
    TimestampRange: ReturnType<typeof range>,
    FragmentSelectorType?: 'PRODUCER_TIMESTAMP',
  ) => ({
    PlaybackMode: 'ON_DEMAND' as const,
    HLSFragmentSelector: {
      TimestampRange,
      ...(FragmentSelectorType === undefined ? {} : { FragmentSelectorType }),
    },
  });
  refused({ HLSFragmentSelector: { TimestampRange: range(-9, -1) } }, /must not be given/);
  refused({ PlaybackMode: 'ON_DEMAND' }, /StartTimestamp is required/);
  refused({ PlaybackMode: 'LIVE_REPLAY', HLSFragmentSelector: {} }, /StartTimestamp is required/);
  refused(onDemand(range(-9)), /EndTimestamp is required/);
  refused(onDemand(range(-9, -9)), /later than/);
  refused(onDemand(range(-DAY_MS - 2, -1)), /within 24 hours/);
  refused(onDemand(range(-9, 1)), /in the past/);
  assert.equal(hlsRequest(onDemand(range(-9, 1), 'PRODUCER_TIMESTAMP'), NOW_MS).endMs, NOW_MS + 1);
  assert.equal(hlsRequest(onDemand(range(-DAY_MS, 0)), NOW_MS).startMs, NOW_MS - DAY_MS);
});
