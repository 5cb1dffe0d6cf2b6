import { ALGORITHM, formatBasicDate, type SignatureClaim } from './sigv4-claim.ts';
import { sha256Hex } from './sigv4-hash.ts';
import { headerValues, type ReceivedRequest, splitTarget } from './sigv4-request.ts';

/**
 * The texts that are signed: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */

/** Steps 1 to 3: the canonical request and the string to sign made of it. `path`: one of `canonicalPaths`. */
export function stringToSign(
  claim: SignatureClaim,
  request: ReceivedRequest,
  parts: { readonly path: string; readonly withToken: boolean; readonly payloadHash: string },
): string {
  const { query } = splitTarget(request.target);
  const canonicalRequest = [
    request.method,
    parts.path,
    canonicalQuery(query, parts.withToken),
    ...claim.signedHeaders.map((name) => `${name}:${canonicalHeader(request, name)}`),
    '',
    claim.signedHeaders.join(';'),
    parts.payloadHash,
  ].join('\n');
  const { dateStamp, region, service, signedMs } = claim;
  const scope = `${dateStamp}/${region}/${service}/aws4_request`;
  return [ALGORITHM, formatBasicDate(signedMs), scope, sha256Hex(canonicalRequest)].join('\n');
}

/**
 * The path as sent, which some signers take as it is; and encoded once more, which the services other than S3 ask for
 * ("URI-encode each path segment twice"). They differ only where the path has something to encode.
 */
export function canonicalPaths(target: string): string[] {
  const sent = splitTarget(target).path || '/';
  const encoded = sent.split('/').map(encode).join('/');
  return encoded === sent ? [sent] : [encoded, sent];
}

/** Does the query hold a session token? Some signers add it after they have signed. */
export function hasQueryToken(target: string): boolean {
  return splitTarget(target)
    .query.split('&')
    .some((pair) => pair.startsWith(`${TOKEN}=`));
}

const TOKEN = 'X-Amz-Security-Token';

/** Name and value are encoded apart, then sorted by the encoded name and value. */
function canonicalQuery(query: string, withToken: boolean): string {
  if (query === '') return '';
  const pairs = query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
      return [encode(decode(name)), encode(decode(value))] as const;
    })
    .filter(([name]) => name !== 'X-Amz-Signature' && (withToken || name !== TOKEN));
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return pairs
    .toSorted((a, b) => order(a[0], b[0]) || order(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** "Trim, convert sequential spaces to a single space"; several headers of a name are one list. */
function canonicalHeader(request: ReceivedRequest, name: string): string {
  let values = headerValues(request, name);
  // HTTP/2 carries the host as :authority, and signers name it host all the same.
  if (name === 'host' && values.length === 0) values = headerValues(request, ':authority');
  return values.map((value) => value.trim().replace(/\s+/g, ' ')).join(',');
}

/** Text that is not valid percent-encoding is taken as it stands. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** "URI-encode every byte except the unreserved characters"; encodeURIComponent leaves five more. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
