import { RecordError, type RecordService } from '../records/record-service.ts';
import { DeliveryError } from './delivery-error.ts';

/** Delivers to data streams of this server; delivered is durable. */
export function recordDelivery(records: Pick<RecordService, 'put'>, now: () => number) {
  return async (dataStream: string, partitionKey: string, data: Uint8Array): Promise<void> => {
    try {
      await records.put(dataStream, { partitionKey, data }, now());
    } catch (cause) {
      if (!(cause instanceof RecordError)) throw cause;
      const isFinal = cause.code === 'not-found' || cause.code === 'invalid-argument';
      throw new DeliveryError(cause.message, { cause, isFinal });
    }
  };
}
