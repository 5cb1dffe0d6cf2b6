import { createHash, createHmac } from 'node:crypto';

/**
 * A signer for tests, written apart from the server's verifier and as dumb as it can be: it signs exactly what it is
 * told, so that it can sign like any client, and wrongly.
 */
export interface SigningWish {
  readonly keyId: string;
  readonly secret: string;
  readonly method: string;
  /** As it is written into the canonical request. */
  readonly canonicalPath: string;
  /** The canonical query, sorted and encoded already. */
  readonly canonicalQuery?: string;
  /** Lower-case names, in the order in which they are signed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly payloadHash: string;
  /** `YYYYMMDDTHHMMSSZ` */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** `20260203T040506Z` */
export function basicDate(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

export function scopeOf({ date, region, service }: SigningWish): string {
  return `${date.slice(0, 8)}/${region}/${service}/aws4_request`;
}

/** The signature in hex. */
export function sign(wish: SigningWish): string {
  const names = Object.keys(wish.headers);
  const canonical =
    `${wish.method}\n${wish.canonicalPath}\n${wish.canonicalQuery ?? ''}\n` +
    `${names.map((name) => `${name}:${wish.headers[name]}\n`).join('')}\n${names.join(';')}\n${wish.payloadHash}`;
  const text = `AWS4-HMAC-SHA256\n${wish.date}\n${scopeOf(wish)}\n${sha256(canonical)}`;
  let key: Buffer = Buffer.from(`AWS4${wish.secret}`);
  for (const part of scopeOf(wish).split('/')) key = createHmac('sha256', key).update(part).digest();
  return createHmac('sha256', key).update(text).digest('hex');
}

/** The value of the Authorization header, as the SDKs and the C producer write it. */
export function authorization(wish: SigningWish): string {
  const names = Object.keys(wish.headers).join(';');
  return `AWS4-HMAC-SHA256 Credential=${wish.keyId}/${scopeOf(wish)}, SignedHeaders=${names}, Signature=${sign(wish)}`;
}

/** The query of a presigned URL; `others` are parameters beside the signature's own. */
export function presignedQuery(
  wish: Omit<SigningWish, 'canonicalQuery'>,
  expiresS: number,
  others: Readonly<Record<string, string>> = {},
): string {
  const parameters = {
    ...others,
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${wish.keyId}/${scopeOf(wish)}`,
    'X-Amz-Date': wish.date,
    'X-Amz-Expires': String(expiresS),
    'X-Amz-SignedHeaders': Object.keys(wish.headers).join(';'),
  };
  const canonicalQuery = Object.entries(parameters)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .sort()
    .join('&');
  return `${canonicalQuery}&X-Amz-Signature=${sign({ ...wish, canonicalQuery })}`;
}
