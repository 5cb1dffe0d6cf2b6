import { type AwsAccount, AwsError } from '../aws-call.ts';
import { invalidParameter } from './rekognition-error.ts';

type Account = Pick<AwsAccount, 'region' | 'accountId'>;
type Kind = 'collection' | 'streamprocessor';

/** A collection or stream processor of this server. */
export interface RekognitionResource {
  readonly kind: Kind;
  readonly name: string;
}

/** CreateCollection answers the ARN of the collection without its first part, which is all that some clients have. */
const ARN = /^(?:arn:)?aws[a-z-]*:rekognition:([a-z\d-]+):(\d{12}):([a-z]+)\/([a-zA-Z0-9_.-]{1,255})$/;

export function processorArn({ region, accountId }: Account, name: string): string {
  return `arn:aws:rekognition:${region}:${accountId}:streamprocessor/${name}`;
}

export function collectionArn({ region, accountId }: Account, name: string): string {
  return `arn:aws:rekognition:${region}:${accountId}:collection/${name}`;
}

/** Throws AwsError `InvalidParameterException`, `ResourceNotFoundException` for those of others. */
export function parseRekognitionArn(account: Account, arn: string): RekognitionResource {
  const [, region, accountId, kind, name = ''] = ARN.exec(arn) ?? [];
  if (kind !== 'collection' && kind !== 'streamprocessor') {
    throw invalidParameter(`${arn} is not the ARN of a collection or a stream processor.`);
  }
  if (region !== account.region || accountId !== account.accountId) {
    throw new AwsError('ResourceNotFoundException', `There is no ${arn} in account ${account.accountId}.`);
  }
  return { kind, name };
}
