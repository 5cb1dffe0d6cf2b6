import { readJsonInput, writeJson } from './json-document.ts';
import type { AwsProtocol } from './protocol.ts';

/** Records of up to 10 MiB in all, as base64, with what goes around them (kinesis-data-streams.md §4). */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** AWS JSON 1.1: a header names the operation, the error's name stands in the body (kinesis-data-streams.md §1). */
export const json11: AwsProtocol = {
  contentType: 'application/x-amz-json-1.1',
  maxBodyBytes: MAX_BODY_BYTES,
  readInput: readJsonInput,
  writeOutput: (operation, output) =>
    operation.output.members.length === 0 ? EMPTY : writeJson(operation.output, output),
  writeStructure: writeJson,
  writeError: (error) =>
    Buffer.from(JSON.stringify({ __type: error.code, message: error.message, ...error.members })),
};

/** Operations without an output answer with no body at all. */
const EMPTY = new Uint8Array(0);
