import { makePageToken, readPageToken } from './page-token.ts';

/** How a list operation asks for a page. */
export interface NamePageRequest {
  readonly operation: string;
  readonly limit: number;
  readonly nextToken: string | undefined;
  /** Only names that begin so. */
  readonly prefix: string | undefined;
}

interface Named {
  readonly name: string;
}

type List<Item> = (options: {
  readonly after?: string;
  readonly limit: number;
  readonly prefix?: string;
}) => readonly Item[];

/** Items looked through at once. */
const BATCH = 1000;

/**
 * One page, in name order, of the items that the caller may know of, however many others lie between them. Throws AwsError
 * `InvalidArgumentException` for a token of another list.
 */
export function namePage<Item extends Named>(
  request: NamePageRequest,
  list: List<Item>,
  isVisible: (item: Item) => boolean,
): { readonly items: readonly Item[]; readonly next: { readonly NextToken?: string } } {
  const { limit, prefix = '' } = request;
  const scope = `${request.operation}/${prefix}`;
  let after = readPageToken(scope, request.nextToken);
  const items: Item[] = [];
  for (;;) {
    const batch = list({ prefix, limit: BATCH, ...(after === undefined ? {} : { after }) });
    for (const item of batch) {
      if (!isVisible(item)) continue;
      const last = items.at(-1);
      if (items.length === limit && last !== undefined) {
        return { items, next: { NextToken: makePageToken(scope, last.name) } };
      }
      items.push(item);
    }
    if (batch.length < BATCH) return { items, next: {} };
    after = batch.at(-1)?.name;
  }
}
