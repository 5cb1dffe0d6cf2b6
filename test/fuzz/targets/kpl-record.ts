import { KplRecordError, openAggregated } from '../../../consumer/kpl-record.ts';
import { aggregate, framed } from '../../unit/consumer/support/aggregate.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const seeds = [
  aggregate([{ partitionKey: 'a', data: Buffer.from('one') }]),
  aggregate(
    [
      { partitionKey: 'a', explicitHashKey: '12345678901234567890', data: Buffer.from('{"n":1}') },
      { partitionKey: 'schlüssel', data: Buffer.alloc(200, 7) },
      { partitionKey: 'a', data: Buffer.alloc(0) },
    ],
    ['tag'],
  ),
];

/** Aggregated records: typed errors only, and the data of the records lies within the bytes. Every message is given its right checksum, too. */
export const target: FuzzTarget = {
  name: 'kpl-record',
  seeds: () => seeds,
  run(input) {
    try {
      openAggregated(input);
    } catch (error) {
      if (!(error instanceof KplRecordError)) throw error;
    }
    // The checksum would keep almost every mutation out.
    const message = framed(input.subarray(4, Math.max(4, input.length - 16)));
    const sizeBytes = openAggregated(message).reduce((sum, { data }) => sum + data.length, 0);
    if (sizeBytes > message.length) throw new Error('more came out than was put in');
  },
  isTyped: (error) => error instanceof KplRecordError,
};
