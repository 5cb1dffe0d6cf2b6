import {
  type FragmentPage,
  pageToken,
  readPageToken,
} from '../../../server/aws/kinesis-video/fragment-page-token.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const ARN = 'arn:aws:kinesisvideo:us-east-1:000000000000:stream/gate/1700000000000';
const pages: readonly FragmentPage[] = [
  { clock: 'server', fromMs: 0, toMs: 1_700_000_000_000, ordinal: 100 },
  { clock: 'producer', fromMs: -1, toMs: 2 ** 50, ordinal: 0 },
];

/** NextToken of ListFragments: never throws, and takes none that was not given. */
export const target: FuzzTarget = {
  name: 'fragment-page-token',
  seeds: () => pages.map((page) => Buffer.from(pageToken(page, ARN))),
  run(input) {
    const page = readPageToken(Buffer.from(input).toString('latin1'), ARN);
    if (page === undefined) return;
    const isOurs = pages.some((ours) => JSON.stringify(ours) === JSON.stringify(page));
    if (!isOurs) throw new Error(`took a made-up page at ${page.ordinal}`);
  },
  isTyped: () => false,
};
