import { createHash, createHmac, hash } from 'node:crypto';
import type { HttpDelivery } from './http-delivery.ts';

/** A bucket of an S3-compatible store, and the key to it. */
export interface S3Access {
  /** Origin, as in `https://minio.example.org:9000`; buckets are the first part of the path. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface S3Object {
  readonly bucket: string;
  readonly key: string;
  readonly contentType: string;
  /** Becomes `x-amz-meta-<name>` headers. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/**
 * A signed PUT of one object (AWS Signature Version 4, with the hash of the payload; path-style address).
 */
export function s3PutRequest(access: S3Access, object: S3Object, nowMs: number): HttpDelivery {
  const { endpoint, region, accessKeyId, secretAccessKey } = access;
  const { origin, host } = new URL(endpoint);
  const path = `/${[object.bucket, ...object.key.split('/')].map(encodeSegment).join('/')}`;
  const payloadHash = createHash('sha256').update(object.body).digest('hex');
  const instant = new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const day = instant.slice(0, 8);
  const headers: Record<string, string> = {
    'content-type': object.contentType,
    'x-amz-content-sha256': payloadHash,
    'x-amz-date': instant,
  };
  for (const [name, value] of object.metadata) headers[`x-amz-meta-${headerName(name)}`] = headerValue(value);

  const signed = Object.entries({ ...headers, host }).sort(([a], [b]) => (a < b ? -1 : 1));
  const names = signed.map(([name]) => name).join(';');
  const canonical = [
    'PUT',
    path,
    '',
    ...signed.map(([name, value]) => `${name}:${value.trim().replaceAll(/ +/g, ' ')}`),
    '',
    names,
    payloadHash,
  ].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', instant, scope, hash('sha256', canonical)].join('\n');
  const key = [day, region, 's3', 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => hmac(secret, part),
    `AWS4${secretAccessKey}`,
  );
  const signature = hmac(key, toSign).toString('hex');
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return { method: 'PUT', url: `${origin}${path}`, headers, body: object.body };
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** All but the unreserved characters of RFC 3986, once. */
function encodeSegment(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Names and values come from producers' tags: only what a header may hold is kept of them. */
function headerName(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9_.-]/g, '-');
}

function headerValue(value: string): string {
  return value.replaceAll(/[^\x20-\x7e]/g, '?');
}
