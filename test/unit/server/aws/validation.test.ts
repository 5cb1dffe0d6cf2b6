import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AwsError } from '../../../../server/aws/aws-call.ts';
import { checkConstraints } from '../../../../server/aws/constraints.ts';
import { loadModel, type Operation } from '../../../../server/aws/model.ts';
import { restJson } from '../../../../server/aws/protocols/rest-json.ts';
import { awsErrorOf } from './authenticator-rig.ts';

function operationOf(model: string, name: string): Operation {
  const operation = loadModel(model).operations.get(name);
  assert.ok(operation !== undefined);
  return operation;
}

/** Reads and checks a body as the frame does. */
function validate(operation: Operation, body: string | Uint8Array): Record<string, unknown> {
  const input = restJson.readInput(operation, typeof body === 'string' ? Buffer.from(body) : body);
  checkConstraints(operation, input);
  return input;
}

const createStream = operationOf('kinesisvideo', 'CreateStream');
const violation = (operation: Operation, input: unknown) => {
  const { code, message } = awsErrorOf(() => validate(operation, JSON.stringify(input)));
  return { code, message };
};

describe('types', () => {
  const refused = (operation: Operation, body: string | Uint8Array) => {
    const error = awsErrorOf(() => validate(operation, body));
    assert.deepEqual([error.code, error.status], ['SerializationException', 400], String(body));
    return error.message;
  };

  test('what the model knows is kept, the rest and null are left out', () => {
    const input = {
      StreamName: 'cam',
      Unknown: { deep: [1] },
      DeviceName: null,
      Tags: { __proto__: 'x', a: 'b' },
    };
    const read = validate(createStream, JSON.stringify(input).replace('"a"', '"constructor"'));
    assert.deepEqual(read, { StreamName: 'cam', Tags: { constructor: 'b' } });
    assert.deepEqual(validate(operationOf('kinesisvideo', 'ListStreams'), ''), {});
  });

  test('a key like __proto__ is a key like any other', () => {
    const read = validate(createStream, '{"StreamName":"cam","Tags":{"__proto__":"x"}}');
    assert.deepEqual(Object.entries(read.Tags as object), [['__proto__', 'x']]);
    assert.equal(
      refused(createStream, '{"__proto__":{"StreamName":1},"StreamName":2}').includes('StreamName'),
      true,
    );
  });

  test('no JSON, no UTF-8, no object', () => {
    for (const body of ['{', 'undefined', '[]', '"x"', '1', 'null x', '{"a":1}}'])
      refused(createStream, body);
    refused(createStream, Buffer.from('7b2253747265616d4e616d65223a22ff227d', 'hex'));
    refused(createStream, '['.repeat(500_000));
    refused(createStream, `{"StreamName":${'['.repeat(400_000)}${']'.repeat(400_000)}}`);
  });

  test('wrong types are named with their place', () => {
    assert.equal(
      refused(createStream, '{"StreamName":1}'),
      'StreamName must be a string, not a value of type number.',
    );
    assert.equal(refused(createStream, '{"Tags":[]}'), 'Tags must be an object, not a list.');
    refused(createStream, '{"Tags":{"a":1}}');
    refused(createStream, '{"DataRetentionInHours":"1"}');
    refused(createStream, '{"DataRetentionInHours":1.5}');
    refused(createStream, '{"DataRetentionInHours":1e400}');
    assert.match(refused(createStream, '{"DataRetentionInHours":4294967297}'), /32-bit/);
    refused(createStream, '{"StreamStorageConfiguration":"HOT"}');
    assert.match(refused(createStream, String.raw`{"StreamName":"\ud800"}`), /Unicode/);
    assert.match(refused(createStream, String.raw`{"Tags":{"\udc00":"a"}}`), /Unicode/);
    const untag = operationOf('kinesisvideo', 'UntagStream');
    assert.match(refused(untag, '{"TagKeyList":["a",1]}'), /^TagKeyList\[1\] must be a string/);
    const edge = operationOf('kinesisvideo', 'StartEdgeConfigurationUpdate');
    refused(edge, '{"EdgeConfig":{"DeletionConfig":{"DeleteAfterUpload":"yes"}}}');
  });

  test('times are seconds or ISO 8601, and come out in ms', () => {
    const getMedia = operationOf('kinesis-video-media', 'GetMedia');
    const timeOf = (time: string) =>
      (
        validate(getMedia, `{"StartSelector":{"StartSelectorType":"NOW","StartTimestamp":${time}}}`)
          .StartSelector as { StartTimestamp: number }
      ).StartTimestamp;
    assert.equal(timeOf('1.5'), 1500);
    assert.equal(timeOf('1.515006185591E9'), 1_515_006_185_591);
    // In binary, times a thousand, a little less.
    assert.equal(timeOf('1075803569.113'), 1_075_803_569_113);
    assert.equal(timeOf('1075803569.1135'), 1_075_803_569_113.5);
    assert.equal(timeOf('"2026-02-03T04:05:06.7Z"'), Date.UTC(2026, 1, 3, 4, 5, 6, 700));
    assert.equal(timeOf('"2026-02-03T04:05:06+01:00"'), Date.UTC(2026, 1, 3, 3, 5, 6));
    for (const time of ['"2026-02-03"', '"now"', '1e300', '"2026-13-03T04:05:06Z"', 'true', '{}']) {
      assert.equal(awsErrorOf(() => timeOf(time)).code, 'SerializationException', time);
    }
  });

  test('blobs are base64', () => {
    const putRecord = operationOf('kinesis', 'PutRecord');
    const dataOf = (data: string) =>
      restJson.readInput(putRecord, Buffer.from(JSON.stringify({ Data: data }))).Data;
    assert.deepEqual(dataOf('AAEC'), Buffer.from([0, 1, 2]));
    assert.deepEqual(dataOf(''), Buffer.alloc(0));
    for (const data of ['A', 'AAE', 'AA_-', 'AA A', '====', 'AAEC\n']) {
      assert.throws(() => dataOf(data), AwsError, data);
    }
  });
});

describe('constraints, in the words of the services', () => {
  const one = '1 validation error detected: ';

  test('required members', () => {
    assert.deepEqual(violation(createStream, {}), {
      code: 'InvalidArgumentException',
      message: `${one}Value null at 'streamName' failed to satisfy constraint: Member must not be null`,
    });
    const start = operationOf('kinesis-video-media', 'GetMedia');
    assert.match(
      violation(start, { StartSelector: {} }).message,
      /Value null at 'startSelector.startSelectorType'/,
    );
  });

  test('lengths, patterns, values and enumerations', () => {
    const messageOf = (input: Record<string, unknown>) =>
      violation(createStream, { StreamName: 'cam', ...input }).message;
    assert.equal(
      messageOf({ StreamName: 'a b' }),
      `${one}Value 'a b' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+`,
    );
    assert.match(
      messageOf({ StreamName: 'a'.repeat(257) }),
      /Member must have length less than or equal to 256$/,
    );
    assert.match(
      messageOf({ StreamName: '' }),
      /^2 validation errors detected: .*pattern: \[a-zA-Z0-9_\.-\]\+; .* greater than or equal to 1$/,
    );
    assert.match(
      messageOf({ DataRetentionInHours: -1 }),
      /Value '-1' at 'dataRetentionInHours' .*value greater than or equal to 0$/,
    );
    assert.match(
      messageOf({ StreamStorageConfiguration: { DefaultStorageTier: 'COLD' } }),
      /at 'streamStorageConfiguration.defaultStorageTier' .* enum value set: \[HOT, WARM\]$/,
    );
    // A hostile value is not repeated whole.
    assert.ok(messageOf({ StreamName: 'x'.repeat(100_000) }).length < 1000);
  });

  test('lists and maps and what is in them', () => {
    const untag = operationOf('kinesisvideo', 'UntagStream');
    assert.match(
      violation(untag, { TagKeyList: [] }).message,
      /Value '\[\]' at 'tagKeyList' .*length greater than or equal to 1/,
    );
    assert.match(
      violation(untag, { TagKeyList: ['a', ''] }).message,
      /Value '\[a, \]' at 'tagKeyList' .*: Member must satisfy constraint: \[Member must have length less than or equal to 128, /,
    );
    assert.match(violation(untag, { TagKeyList: [null] }).message, /Value '\[null\]' at 'tagKeyList'/);
    const tags = (map: unknown) => violation(createStream, { StreamName: 'cam', Tags: map }).message;
    assert.match(tags({ 'a!': 'b' }), /Value '\{a!=b\}' at 'tags' .*: Map keys must satisfy constraint: \[/);
    assert.match(
      tags({ a: 'b'.repeat(257) }),
      /Map value must satisfy constraint: \[Member must have length less than or equal to 256/,
    );
    assert.match(tags({ a: null }), /Map value must satisfy constraint/);
    const tagResource = operationOf('kinesisvideo', 'TagResource');
    const input = {
      ResourceARN: 'arn:aws:kinesisvideo:us-east-1:000000000000:channel/a/1',
      Tags: [{ Key: 'a' }, null],
    };
    assert.match(
      violation(tagResource, input).message,
      /Value null at 'tags.1.member.value'.*; Value null at 'tags.2.member'/,
    );
  });

  test('ten violations at most are told', () => {
    const tagResource = operationOf('kinesisvideo', 'TagResource');
    const { message } = violation(tagResource, { Tags: Array.from({ length: 50 }, () => ({})) });
    assert.match(message, /^10 validation errors detected: /);
  });

  test('what is sensitive is not repeated', () => {
    const tagResource = operationOf('kinesisvideo', 'UpdateNotificationConfiguration');
    const input = { NotificationConfiguration: { Status: 'SECRET', DestinationConfig: { Uri: 's3://x' } } };
    assert.match(violation(tagResource, input).message, /SECRET/);
    const sensitive = operationOf('kinesisvideo', 'StartEdgeConfigurationUpdate');
    const recorder = { MediaSourceConfig: { MediaUriSecretArn: 'SECRET', MediaUriType: 'RTSP_URI' } };
    const { message } = violation(sensitive, { EdgeConfig: { HubDeviceArn: 'x', RecorderConfig: recorder } });
    assert.match(message, /Value at 'edgeConfig.recorderConfig.mediaSourceConfig.mediaUriSecretArn'/);
    assert.doesNotMatch(message, /SECRET/);
  });

  test('the json services name it ValidationException', () => {
    const putRecord = operationOf('kinesis', 'PutRecord');
    const { code, message } = violation(putRecord, {
      StreamName: 'a',
      PartitionKey: 'b',
      Data: '',
      ExplicitHashKey: '01',
    });
    assert.equal(code, 'ValidationException');
    assert.match(message, /Value '01' at 'explicitHashKey'/);
  });
});

describe('output', () => {
  test('members of the model, times in seconds, nothing undefined', () => {
    const describeStream = operationOf('kinesisvideo', 'DescribeStream');
    const body = restJson.writeOutput(describeStream, {
      StreamInfo: {
        StreamName: 'cam',
        CreationTime: 1_515_006_185_591,
        DeviceName: undefined,
        Inner: 'hidden',
      },
      Other: 1,
    });
    assert.equal(
      Buffer.from(body).toString(),
      '{"StreamInfo":{"StreamName":"cam","CreationTime":1515006185.591}}',
    );
    assert.equal(
      Buffer.from(restJson.writeOutput(operationOf('kinesisvideo', 'TagStream'), {})).toString(),
      '{}',
    );
  });

  test('lists, maps and blobs', () => {
    const list = operationOf('kinesisvideo', 'ListTagsForStream');
    assert.deepEqual(JSON.parse(Buffer.from(restJson.writeOutput(list, { Tags: { a: 'b' } })).toString()), {
      Tags: { a: 'b' },
    });
    const records = operationOf('kinesis', 'GetRecords');
    const output = { Records: [{ Data: Uint8Array.of(0, 1, 2), SequenceNumber: '1', PartitionKey: 'k' }] };
    assert.match(Buffer.from(restJson.writeOutput(records, output)).toString(), /"Data":"AAEC"/);
  });

  test('errors say it in the member of their model', () => {
    const error = new AwsError('ResourceNotFoundException', 'none', { members: { Detail: 1 } });
    const write = (textMember: string | undefined) =>
      Buffer.from(
        restJson.writeError(error, textMember === undefined ? undefined : { status: 404, textMember }),
      ).toString();
    assert.equal(write('Message'), '{"Message":"none","Detail":1}');
    assert.equal(write(undefined), '{"message":"none","Detail":1}');
  });
});
