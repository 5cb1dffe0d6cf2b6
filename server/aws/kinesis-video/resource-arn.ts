import { type AwsAccount, AwsError } from '../aws-call.ts';

/** A stream or a channel of this server, as its ARN names it. */
export interface VideoArn {
  readonly kind: 'stream' | 'channel';
  readonly name: string;
  /** The last part: a name that is made anew gets another ARN. */
  readonly createdMs: number;
}

type Account = Pick<AwsAccount, 'region' | 'accountId'>;

const ARN =
  /^arn:([a-z\d-]+):kinesisvideo:([a-z0-9-]+):([0-9]+):([a-z]+)\/([a-zA-Z0-9_.-]+)\/(0|[1-9][0-9]{0,14})$/;

/** `arn:aws:kinesisvideo:<region>:<account>:stream/<name>/<creation ms>` (kvs.md §1.2). */
export function formatVideoArn({ kind, name, createdMs }: VideoArn, { region, accountId }: Account): string {
  return `arn:aws:kinesisvideo:${region}:${accountId}:${kind}/${name}/${createdMs}`;
}

/** Throws AwsError `InvalidArgumentException` for what is no ARN of a `kind`, and for one of another account or region. */
export function parseVideoArn<Kind extends VideoArn['kind']>(
  arn: string,
  kinds: readonly Kind[],
  account: Account,
): VideoArn & { readonly kind: Kind } {
  const [, partition, region, accountId, type, name = '', createdMs] = ARN.exec(arn) ?? [];
  const kind = kinds.find((each) => each === type);
  if (kind === undefined) throw invalid(`${arn} is not the ARN of a ${kinds.join(' or ')}.`);
  if (partition !== 'aws' || region !== account.region || accountId !== account.accountId) {
    throw invalid(
      `${arn} is of another account or region: this server is arn:aws:kinesisvideo:${account.region}:${account.accountId}.`,
    );
  }
  return { kind, name, createdMs: Number(createdMs) };
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidArgumentException', message);
}
