import { readJsonInput, writeJson } from './json-document.ts';
import type { AwsProtocol } from './protocol.ts';

/** AWS restJson1: the path names the operation, the body is its JSON, the error's name stands in a header. */
export const restJson: AwsProtocol = {
  contentType: 'application/json',
  maxBodyBytes: 1024 * 1024,
  readInput: readJsonInput,
  writeOutput: (operation, output) => writeJson(operation.output, output),
  writeStructure: writeJson,
  writeError: (error, model) =>
    // What the service's own model does not know comes from the front before it, which writes a small m.
    Buffer.from(JSON.stringify({ [model?.textMember ?? 'message']: error.message, ...error.members })),
};
