import type { AwsService } from './aws-call.ts';

/** Operations of one service, as one file of it makes them. */
export type OperationTable = Partial<Pick<AwsService, 'handlers' | 'streamHandlers'>>;

/** A service out of the operations of several files. Throws when two of them make the same operation. */
export function serviceOf(model: string, ...tables: readonly OperationTable[]): AwsService {
  const service = {
    model,
    handlers: {} as Record<string, AwsService['handlers'][string]>,
    streamHandlers: {} as Record<string, NonNullable<AwsService['streamHandlers']>[string]>,
  };
  for (const { handlers = {}, streamHandlers = {} } of tables) {
    for (const name of [...Object.keys(handlers), ...Object.keys(streamHandlers)]) {
      if (name in service.handlers || name in service.streamHandlers) {
        throw new Error(`${model} has the operation ${name} twice`);
      }
    }
    Object.assign(service.handlers, handlers);
    Object.assign(service.streamHandlers, streamHandlers);
  }
  return service;
}
