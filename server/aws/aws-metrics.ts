import { Counter, Histogram, type Registry } from 'prom-client';
import { Instruments } from '../observe/instruments.ts';
import type { AwsObserver } from './aws-observer.ts';
import type { BodyBudget } from './request-body.ts';

/** Upper bounds of the buckets, s. */
const LATENCY_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** Makes the AWS wire's metrics in the server's registry (docs/metrics.md); `bodies` is read at each scrape. */
export function createAwsMetrics(
  registry: Registry,
  bodies: () => Pick<BodyBudget, 'usedBytes' | 'refused'>,
): AwsObserver {
  const registers = [registry];
  const calls = new Counter({
    name: 'framelog_aws_calls_total',
    help: 'Calls of AWS clients, by operation; those that name no operation of ours are `unknown`.',
    labelNames: ['operation'],
    registers,
  });
  const errors = new Counter({
    name: 'framelog_aws_errors_total',
    help: 'Calls of AWS clients that were answered with an error, by operation and error. Any InternalFailure has a log line.',
    labelNames: ['operation', 'code'],
    registers,
  });
  const latency = new Histogram({
    name: 'framelog_aws_call_seconds',
    help: 'Time to answer a call of an AWS client, but for those whose body or answer is a stream.',
    labelNames: ['operation'],
    buckets: LATENCY_BUCKETS_S,
    registers,
  });
  const instruments = new Instruments(registry);
  instruments.level(
    'framelog_aws_body_bytes',
    'Request bodies of AWS clients in memory now.',
    () => bodies().usedBytes,
  );
  instruments.count(
    'framelog_aws_bodies_refused_total',
    'Requests of AWS clients refused since too many bodies were in memory at once.',
    () => bodies().refused,
  );
  return ({ operation, errorCode, durationMs, isStream }) => {
    calls.inc({ operation });
    if (errorCode !== undefined) errors.inc({ operation, code: errorCode });
    if (!isStream) latency.observe({ operation }, durationMs / 1000);
  };
}
