import type { ServiceModel } from '../model.ts';
import type { AwsProtocol } from './protocol.ts';
import { restJson } from './rest-json.ts';

/**
 * The protocol that a request to a service speaks: its model's, in the form that the content type names. `undefined`: none
 * that we know.
 */
export function selectProtocol(
  model: ServiceModel,
  _contentType: string | undefined,
): AwsProtocol | undefined {
  return model.protocol === 'rest-json' ? restJson : undefined;
}
