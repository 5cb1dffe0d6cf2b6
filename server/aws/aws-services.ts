import type { AwsAccount, AwsService } from './aws-call.ts';

/** The parts of the server that AWS operations work on. */
export interface AwsParts {
  readonly account: AwsAccount;
}

/** Every AWS service of this server, put together: the one place where a service is plugged in. */
export function createAwsServices(_parts: AwsParts): readonly AwsService[] {
  return [];
}
