import { z } from 'zod';
import type { AwsCall, AwsOutput } from '../aws-call.ts';
import type { OperationTable } from '../operation-table.ts';
import { requireData } from './data-resources.ts';
import type { KinesisParts } from './kinesis-parts.ts';

/** Name of the setting in the catalog. */
const SETTING = 'kinesis.minimum-throughput-billing-commitment';

const commitment = z.object({
  status: z.enum(['ENABLED', 'DISABLED']),
  startedMs: z.number().exactOptional(),
  endedMs: z.number().exactOptional(),
});

/** On-demand Advantage: nobody pays here, but what was set is told again. */
export function accountOperations({ settings }: KinesisParts): OperationTable {
  const read = (): AwsOutput => {
    const stored = settings.setting(SETTING);
    const { status, startedMs, endedMs } =
      stored === undefined ? { status: 'DISABLED' } : commitment.parse(JSON.parse(stored));
    return {
      MinimumThroughputBillingCommitment: { Status: status, StartedAt: startedMs, EndedAt: endedMs },
    };
  };

  const update = ({
    input,
    principal,
    nowMs,
  }: AwsCall<{
    readonly MinimumThroughputBillingCommitment: { readonly Status: 'ENABLED' | 'DISABLED' };
  }>): AwsOutput => {
    requireData(principal, 'admin', '*');
    const { Status: status } = input.MinimumThroughputBillingCommitment;
    const time = status === 'ENABLED' ? { startedMs: nowMs } : { endedMs: nowMs };
    settings.putSetting(SETTING, JSON.stringify({ status, ...time }));
    return read();
  };

  return {
    handlers: {
      DescribeAccountSettings: ({ principal }: AwsCall<unknown>): AwsOutput => {
        requireData(principal, 'admin', '*');
        return read();
      },
      UpdateAccountSettings: update,
    },
  };
}
