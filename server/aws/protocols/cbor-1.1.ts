import { readInput, type ValueForms } from '../input-reader.ts';
import { readCbor } from './cbor-reader.ts';
import { writeCbor, writeCborTexts } from './cbor-writer.ts';
import { json11 } from './json-1.1.ts';
import type { AwsProtocol } from './protocol.ts';

const forms: ValueForms = {
  blobOf: (value) => (value instanceof Uint8Array ? value : undefined),
  // "epoch milliseconds as an integer; incoming ones may carry CBOR tag 1"; a fraction is one of seconds, as JSON has it.
  timestampMsOf(value) {
    if (typeof value !== 'number') return undefined;
    return Number.isInteger(value) ? value : value * 1000;
  },
};

/** AWS CBOR 1.1: what JSON 1.1 says, in the form that Java SDKs, the KPL and the KCL use (kinesis-data-streams.md §1). */
export const cbor11: AwsProtocol = {
  contentType: 'application/x-amz-cbor-1.1',
  maxBodyBytes: json11.maxBodyBytes,
  readInput: (operation, body) => readInput(operation.input, body.length === 0 ? {} : readCbor(body), forms),
  writeOutput: (operation, output) =>
    operation.output.members.length === 0 ? EMPTY : writeCbor(operation.output, output),
  writeStructure: writeCbor,
  writeError: ({ code, message }) => writeCborTexts({ __type: code, message }),
};

const EMPTY = new Uint8Array(0);
