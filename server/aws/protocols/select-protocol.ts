import type { ServiceModel } from '../model.ts';
import { cbor11 } from './cbor-1.1.ts';
import { json11 } from './json-1.1.ts';
import type { AwsProtocol } from './protocol.ts';
import { restJson } from './rest-json.ts';

/**
 * The protocol that a request to a service speaks: its model's, in the form that the content type names. `undefined`: none
 * that we know.
 */
export function selectProtocol(
  model: ServiceModel,
  contentType: string | undefined,
): AwsProtocol | undefined {
  if (model.protocol === 'rest-json') return restJson;
  const mediaType = mediaTypeOf(contentType);
  return [json11, cbor11].find((protocol) => protocol.contentType === mediaType);
}

/** The type of a `Content-Type` without its parameters, in lower case. */
export function mediaTypeOf(contentType: string | undefined): string | undefined {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase();
}
