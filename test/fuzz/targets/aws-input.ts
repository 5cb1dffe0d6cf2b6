import assert from 'node:assert/strict';
import { AwsError } from '../../../server/aws/aws-call.ts';
import { checkConstraints } from '../../../server/aws/constraints.ts';
import { loadModel, type Operation } from '../../../server/aws/model.ts';
import { restJson } from '../../../server/aws/protocols/rest-json.ts';
import { goodInput } from '../../integration/aws/support/hostile-inputs.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

/** Operations with every kind of shape between them; the first byte of an input chooses one. */
const OPERATIONS: readonly Operation[] = [
  ['kinesisvideo', 'CreateStream'],
  ['kinesisvideo', 'CreateSignalingChannel'],
  ['kinesisvideo', 'StartEdgeConfigurationUpdate'],
  ['kinesisvideo', 'UpdateImageGenerationConfiguration'],
  ['kinesis-video-archived-media', 'GetHLSStreamingSessionURL'],
  ['kinesis-video-archived-media', 'GetImages'],
  ['kinesis', 'PutRecords'],
  ['kinesis', 'SubscribeToShard'],
].map(([model = '', name = '']) => {
  const operation = loadModel(model).operations.get(name);
  assert.ok(operation !== undefined);
  return operation;
});

/** A JSON body held against the types and the limits of an operation's model. */
export const target: FuzzTarget = {
  name: 'aws-input',
  seeds: () =>
    OPERATIONS.map((operation, index) => {
      const body = JSON.stringify(goodInput(operation.input, [], true));
      return Buffer.concat([Buffer.of(index), Buffer.from(body)]);
    }),
  isTyped: (error) => error instanceof AwsError,
  run(input) {
    const operation = OPERATIONS[(input[0] ?? 0) % OPERATIONS.length];
    if (operation === undefined) return;
    checkConstraints(operation, restJson.readInput(operation, input.subarray(1)));
  },
};
