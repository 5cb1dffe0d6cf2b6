import type { ConsumerInfo } from '../../records/record-service.ts';
import { type AwsAccount, AwsError } from '../aws-call.ts';

/** `arn:aws:kinesis:<region>:<account>:stream/<name>`, with `/consumer/<name>:<creation, s>` behind it for a consumer. */
const ARN =
  /^arn:aws[a-z-]*:kinesis:([^:]*):(\d{12}):stream\/([a-zA-Z0-9_.-]{1,128})(?:\/consumer\/([a-zA-Z0-9_.-]{1,128}):(\d{1,12}))?$/;

export interface ParsedArn {
  readonly stream: string;
  readonly consumer: { readonly name: string; readonly createdS: number } | undefined;
}

export function streamArn(account: AwsAccount, name: string): string {
  return `arn:aws:kinesis:${account.region}:${account.accountId}:stream/${name}`;
}

export function consumerArn(account: AwsAccount, { stream, name, createdMs }: ConsumerInfo): string {
  return `${streamArn(account, stream)}/consumer/${name}:${Math.floor(createdMs / 1000)}`;
}

/** The name of the stream of this account and region that an ARN means; `undefined` for any other ARN. */
export function streamNameOf(
  account: Pick<AwsAccount, 'region' | 'accountId'>,
  arn: string,
): string | undefined {
  const [, region, accountId, name, consumer] = ARN.exec(arn) ?? [];
  const isOurs = region === account.region && accountId === account.accountId && consumer === undefined;
  return isOurs ? name : undefined;
}

/** Reads an ARN of this account and region. Throws AwsError `InvalidArgumentException`, `ResourceNotFoundException`. */
export function parseArn(account: AwsAccount, arn: string): ParsedArn {
  const match = ARN.exec(arn);
  if (match === null)
    throw new AwsError('InvalidArgumentException', `${arn} is no ARN of a stream or consumer.`);
  const [, region, accountId, stream = '', consumer, createdS] = match;
  if (region !== account.region || accountId !== account.accountId) {
    throw new AwsError('ResourceNotFoundException', `There is no ${arn} in account ${account.accountId}.`);
  }
  return {
    stream,
    consumer: consumer === undefined ? undefined : { name: consumer, createdS: Number(createdS) },
  };
}
