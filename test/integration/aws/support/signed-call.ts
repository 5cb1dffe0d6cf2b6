import type { AwsTestServer } from './aws-server.ts';
import { authorization, basicDate, sha256 } from './sign.ts';

/** Sends a body to an operation of data streams, signed as the SDKs do. */
export async function sendSigned(
  server: AwsTestServer,
  operation: string,
  body: Buffer,
  contentType: string,
): Promise<Response> {
  const date = basicDate(Date.now());
  const signed = {
    'content-type': contentType,
    host: new URL(server.endpoint).host,
    'x-amz-date': date,
    'x-amz-target': `Kinesis_20131202.${operation}`,
  };
  const { host: _, ...headers } = signed;
  return fetch(server.endpoint, {
    method: 'POST',
    body,
    headers: {
      ...headers,
      authorization: authorization({
        keyId: server.admin.id,
        secret: server.admin.secret,
        method: 'POST',
        canonicalPath: '/',
        headers: signed,
        payloadHash: sha256(body),
        date,
        region: server.region,
        service: 'kinesis',
      }),
    },
  });
}
