/** A request as it was received: what a signature is verified against. Nothing in it is normalized. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path and query as they stood in the request line. */
  readonly target: string;
  /** Names and values in turn, as received (`rawHeaders` of node:http); HTTP/2 has `:authority` for Host. */
  readonly rawHeaders: readonly string[];
}

/** Values of a header in the order they came; its name in lower case. */
export function headerValues(request: ReceivedRequest, name: string): string[] {
  const values: string[] = [];
  const { rawHeaders } = request;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === name) values.push(rawHeaders[i + 1] ?? '');
  }
  return values;
}

/** The first value of a header, `undefined` without one. */
export function headerValue(request: ReceivedRequest, name: string): string | undefined {
  return headerValues(request, name)[0];
}

/** The path and the query of a target, apart; the query without its question mark. */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const mark = target.indexOf('?');
  if (mark < 0) return { path: target, query: '' };
  return { path: target.slice(0, mark), query: target.slice(mark + 1) };
}
