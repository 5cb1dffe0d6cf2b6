import { AwsError } from '../../../server/aws/aws-call.ts';
import { makePageToken, readPageToken } from '../../../server/aws/kinesis-video/page-token.ts';
import { formatVideoArn, parseVideoArn } from '../../../server/aws/kinesis-video/resource-arn.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const ACCOUNT = { region: 'us-east-1', accountId: '000000000000' };
const SCOPE = 'ListStreams/cam-';

/** ARNs and page tokens: what is taken is what would be written for it. */
export const target: FuzzTarget = {
  name: 'aws-resource-names',
  seeds: () =>
    [
      formatVideoArn({ kind: 'stream', name: 'cam-1', createdMs: 1_700_000_000_123 }, ACCOUNT),
      formatVideoArn({ kind: 'channel', name: 'a.b_c', createdMs: 1_700_000_000_123 }, ACCOUNT),
      makePageToken(SCOPE, 'cam-1'),
    ].map((text) => Buffer.from(text)),
  run(input) {
    const text = Buffer.from(input).toString('latin1');
    if (text.startsWith('arn:')) {
      const arn = parseVideoArn(text, ['stream', 'channel'], ACCOUNT);
      if (formatVideoArn(arn, ACCOUNT) !== text) throw new Error(`took ${text}`);
      return;
    }
    const after = readPageToken(SCOPE, text);
    if (after !== undefined && makePageToken(SCOPE, after) !== text) {
      throw new Error(`took the token ${text}`);
    }
  },
  isTyped: (error) => error instanceof AwsError,
};
