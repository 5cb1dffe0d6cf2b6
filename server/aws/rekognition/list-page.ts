import { AwsError } from '../aws-call.ts';

/** How lists are asked for. */
export interface PageInput {
  readonly NextToken?: string;
  readonly MaxResults?: number;
}

/**
 * Where a list goes on. Tokens are the last name that was listed: they hold whatever has been deleted since. Throws AwsError
 * `InvalidPaginationTokenException` for what is no name.
 */
export function pageStart({ NextToken: token }: PageInput, name: RegExp): string | undefined {
  if (token === undefined || token === '') return undefined;
  if (name.test(token)) return token;
  throw new AwsError('InvalidPaginationTokenException', 'The NextToken is not one of this list.');
}

/** How many a page has. 0 says nothing, and is taken for it. */
export function pageSize({ MaxResults: size = 0 }: PageInput, defaultSize: number): number {
  return size === 0 ? defaultSize : Math.min(size, MAX_PAGE);
}

/** More are never answered at once. */
const MAX_PAGE = 4096;

/** A page out of one item more than it has; the token when there is more. */
export function pageOf<Item>(
  items: readonly Item[],
  size: number,
  nameOf: (item: Item) => string,
): { readonly items: readonly Item[]; readonly next: { readonly NextToken?: string } } {
  const page = items.slice(0, size);
  const last = page.at(-1);
  const hasMore = items.length > size && last !== undefined;
  return { items: page, next: hasMore ? { NextToken: nameOf(last) } : {} };
}
