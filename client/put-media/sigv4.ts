import { createHash, createHmac } from 'node:crypto';

/** Signature Version 4 in the Authorization header: as much of it as the Kinesis Video calls need, which have no query. */

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface SignedCall {
  readonly method: 'POST';
  readonly url: URL;
  /** Lower-case names; all of them are signed. */
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: of nothing, as the producers sign an endless body (kvs.md §7). */
  readonly body: string | undefined;
  readonly region: string;
}

const SERVICE = 'kinesisvideo';
const ALGORITHM = 'AWS4-HMAC-SHA256';

/** The headers to send: those given, `host`, `x-amz-date`, the session token where there is one, `authorization`. */
export function signedHeaders(
  call: SignedCall,
  credentials: Credentials,
  nowMs: number,
): Record<string, string> {
  const amzDate = new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const headers: Record<string, string> = { ...call.headers, host: call.url.host, 'x-amz-date': amzDate };
  if (credentials.sessionToken !== undefined) headers['x-amz-security-token'] = credentials.sessionToken;
  const names = Object.keys(headers).sort();
  const canonical = [
    call.method,
    call.url.pathname.split('/').map(encodeSegment).join('/'),
    '',
    ...names.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/\s+/g, ' ')}`),
    '',
    names.join(';'),
    sha256(call.body ?? ''),
  ].join('\n');
  const scope = `${amzDate.slice(0, 8)}/${call.region}/${SERVICE}/aws4_request`;
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${credentials.secretAccessKey}`);
  const signature = hmac(key, [ALGORITHM, amzDate, scope, sha256(canonical)].join('\n')).toString('hex');
  return {
    ...headers,
    authorization: `${ALGORITHM} Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  };
}

/** "URI-encode each path segment twice": what is encoded once already in a URL. */
function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
