import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { createAwsMetrics } from '../../../../server/aws/aws-metrics.ts';

test('calls, errors and times by operation; streams have no time', async () => {
  const registry = new Registry();
  const observe = createAwsMetrics(registry, () => ({ usedBytes: 7, refused: 2 }));
  const call = {
    service: 'kinesisvideo',
    status: 200,
    errorCode: undefined,
    durationMs: 20,
    isStream: false,
  };
  observe({ ...call, operation: 'DescribeStream' });
  observe({ ...call, operation: 'DescribeStream', errorCode: 'ResourceNotFoundException', status: 404 });
  observe({ ...call, operation: 'PutMedia', isStream: true, durationMs: 3_600_000 });
  const text = await registry.metrics();
  for (const line of [
    'framelog_aws_calls_total{operation="DescribeStream"} 2',
    'framelog_aws_calls_total{operation="PutMedia"} 1',
    'framelog_aws_errors_total{operation="DescribeStream",code="ResourceNotFoundException"} 1',
    'framelog_aws_call_seconds_count{operation="DescribeStream"} 2',
    'framelog_aws_call_seconds_bucket{le="0.025",operation="DescribeStream"} 2',
    'framelog_aws_call_seconds_bucket{le="0.01",operation="DescribeStream"} 0',
    'framelog_aws_body_bytes 7',
    'framelog_aws_bodies_refused_total 2',
  ]) {
    assert.ok(text.includes(`${line}\n`), line);
  }
  assert.ok(!text.includes('framelog_aws_call_seconds_count{operation="PutMedia"}'));
});
