import { createHash, createHmac } from 'node:crypto';

export interface UrlSigner {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly region?: string;
  readonly expiresS?: number;
  readonly nowMs?: number;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/**
 * A URL for ConnectAsMaster or ConnectAsViewer, signed by hand as the WebRTC SDKs do (kvs.md §6.2): SigV4 of a GET in the query, only
 * `host` signed, the payload hash that of nothing.
 */
export function signUrl(
  endpoint: string,
  query: Readonly<Record<string, string>>,
  signer: UrlSigner,
): string {
  const { accessKeyId, secretAccessKey, sessionToken, region = 'us-east-1', expiresS = 299 } = signer;
  const date = new Date(signer.nowMs ?? Date.now()).toISOString().replace(/\.\d+|[-:]/g, '');
  const day = date.slice(0, 8);
  const scope = `${day}/${region}/kinesisvideo/aws4_request`;
  const parameters: Record<string, string> = {
    ...query,
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${accessKeyId}/${scope}`,
    'X-Amz-Date': date,
    'X-Amz-Expires': String(expiresS),
    'X-Amz-SignedHeaders': 'host',
    ...(sessionToken === undefined ? {} : { 'X-Amz-Security-Token': sessionToken }),
  };
  const canonicalQuery = Object.keys(parameters)
    .toSorted()
    .map((name) => `${encode(name)}=${encode(parameters[name] ?? '')}`)
    .join('&');
  const { host } = new URL(endpoint);
  const canonical = ['GET', '/', canonicalQuery, `host:${host}`, '', 'host', sha256('')].join('\n');
  const text = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  const key = [region, 'kinesisvideo', 'aws4_request'].reduce(hmac, hmac(`AWS4${secretAccessKey}`, day));
  // The SDKs send the parameters in their own order, not in the signed one.
  const sent = Object.entries(parameters).map(([name, value]) => `${encode(name)}=${encode(value)}`);
  return `${endpoint}/?${sent.join('&')}&X-Amz-Signature=${hmac(key, text).toString('hex')}`;
}
