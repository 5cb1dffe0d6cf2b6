import { AwsError } from '../../../server/aws/aws-call.ts';
import { loadModel } from '../../../server/aws/model.ts';
import { cbor11 } from '../../../server/aws/protocols/cbor-1.1.ts';
import { DIALOGUES } from '../../fixtures/kinesis-cbor/dialogues.ts';
import { bytesOf } from '../../fixtures/kinesis-cbor/notation.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const { operations } = loadModel('kinesis');
const names = [...operations.keys()];
const ITERATOR = '"AAAAAAAAAAEBAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhsc"';

/** Bodies of data streams in CBOR: the first byte says of which operation. */
export const target: FuzzTarget = {
  name: 'cbor-reader',
  seeds: () =>
    DIALOGUES.map(({ operation, request }) =>
      Buffer.concat([
        Buffer.from([names.indexOf(operation)]),
        bytesOf(request.replace('{iterator}', ITERATOR)),
      ]),
    ),
  isTyped: (error) => error instanceof AwsError,
  run(input) {
    const operation = operations.get(names[(input[0] ?? 0) % names.length] ?? '');
    if (operation !== undefined) cbor11.readInput(operation, input.subarray(1));
  },
};
