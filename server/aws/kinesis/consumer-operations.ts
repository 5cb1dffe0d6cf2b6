import type { ConsumerInfo } from '../../records/record-service.ts';
import { type AwsCall, AwsError, type AwsOutput } from '../aws-call.ts';
import type { OperationTable } from '../operation-table.ts';
import { DataResources, requireData } from './data-resources.ts';
import type { KinesisParts } from './kinesis-parts.ts';
import { makeNextToken, readNextToken } from './next-token.ts';
import { checkCreation } from './shard-operations.ts';
import { consumerArn, parseArn, streamArn } from './stream-arn.ts';
import { translating } from './translate-error.ts';

interface ConsumerReference {
  readonly StreamARN?: string;
  readonly ConsumerName?: string;
  readonly ConsumerARN?: string;
}

const DEFAULT_LISTED_CONSUMERS = 100;

/** Consumers for enhanced fan-out. */
export function consumerOperations({ records, account }: KinesisParts): OperationTable {
  const resources = new DataResources(records, account);

  const form = (consumer: ConsumerInfo): AwsOutput => ({
    ConsumerName: consumer.name,
    ConsumerARN: consumerArn(account, consumer),
    ConsumerStatus: 'ACTIVE',
    ConsumerCreationTimestamp: consumer.createdMs,
  });

  const register = async ({
    input,
    principal,
    nowMs,
  }: AwsCall<{
    readonly StreamARN: string;
    readonly ConsumerName: string;
    readonly Tags?: Readonly<Record<string, string>>;
  }>): Promise<AwsOutput> => {
    const { name } = resources.find(input, 'admin', principal);
    const consumer = await translating(() =>
      records.registerConsumer(name, input.ConsumerName, input.Tags ?? {}, nowMs),
    );
    return { Consumer: form(consumer) };
  };

  const deregister = async ({ input, principal }: AwsCall<ConsumerReference>): Promise<AwsOutput> => {
    const { stream, name } = resources.consumer(input, 'admin', principal);
    await translating(() => records.deregisterConsumer(stream, name));
    return {};
  };

  const describe = ({ input, principal }: AwsCall<ConsumerReference>): AwsOutput => {
    const consumer = resources.consumer(input, 'view', principal);
    return {
      ConsumerDescription: { ...form(consumer), StreamARN: streamArn(account, consumer.stream) },
    };
  };

  const list = ({
    input,
    principal,
    nowMs,
  }: AwsCall<{
    readonly StreamARN: string;
    readonly NextToken?: string;
    readonly MaxResults?: number;
    readonly StreamCreationTimestamp?: number;
  }>): AwsOutput => {
    const { stream: name } = parseArn(account, input.StreamARN);
    requireData(principal, 'view', name);
    checkCreation(resources.stream(name), input.StreamCreationTimestamp);
    const place =
      input.NextToken === undefined
        ? undefined
        : readNextToken('ListStreamConsumers', input.NextToken, nowMs);
    if (place !== undefined && place.scope[1] !== name) {
      throw new AwsError('InvalidArgumentException', 'The NextToken is one of another stream.');
    }
    const limit = input.MaxResults ?? DEFAULT_LISTED_CONSUMERS;
    const found = records.consumers(name, { after: place?.after ?? '', limit: limit + 1 });
    const page = found.slice(0, limit);
    const token =
      found.length > limit
        ? makeNextToken({ scope: ['ListStreamConsumers', name], after: page.at(-1)?.name ?? '' }, nowMs)
        : undefined;
    return { Consumers: page.map(form), NextToken: token };
  };

  return {
    handlers: {
      RegisterStreamConsumer: register,
      DeregisterStreamConsumer: deregister,
      DescribeStreamConsumer: describe,
      ListStreamConsumers: list,
    },
  };
}
