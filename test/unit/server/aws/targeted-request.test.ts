import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AwsError, type AwsService } from '../../../../server/aws/aws-call.ts';
import { readCbor } from '../../../../server/aws/protocols/cbor-reader.ts';
import { beginPost, post, type Reply, startFrame } from './frame-rig.ts';

/** The order of checks and the texts of kinesis-data-streams.md §1, as its source has recorded them of the real service. */

const JSON_11 = 'application/x-amz-json-1.1';
const CBOR_11 = 'application/x-amz-cbor-1.1';
const PLAIN = 'application/json';
const KNOWN = 'Kinesis_20131202.ListStreams';
const NOBODY = 'Kinesis_20131202.Whatever';

const kinesis: AwsService = {
  model: 'kinesis',
  handlers: {
    ListStreams: () => ({ StreamNames: [], HasMoreStreams: false }),
    DescribeStream: () => {
      throw new TypeError('inside');
    },
  },
};

/** Nobody has signed. */
const strangers = {
  openPrincipal: undefined,
  signer: () => ({ ok: false as const, reason: 'no-credentials' as const }),
  signatureFailed: () => undefined,
};

interface Question {
  readonly type?: string;
  readonly target?: string;
  readonly body: string | Buffer;
}

const headersOf = ({ type, target }: Question): Record<string, string> => ({
  ...(type === undefined ? {} : { 'content-type': type }),
  ...(target === undefined ? {} : { 'x-amz-target': target }),
});

/** What is refused before the signature, whoever asks. */
const REFUSALS: readonly (readonly [what: string, question: Question, status: number, body: unknown])[] = [
  ['nothing at all', { body: '' }, 400, { cbor: 'UnknownOperationException' }],
  ['an empty body', { type: JSON_11, target: KNOWN, body: '' }, 400, { json: 'SerializationException' }],
  [
    'an empty body in CBOR',
    { type: CBOR_11, target: KNOWN, body: '' },
    400,
    { cbor: 'SerializationException' },
  ],
  ['an empty body without a type', { target: KNOWN, body: '' }, 400, { cbor: 'SerializationException' }],
  ['an empty body, plain', { type: PLAIN, target: KNOWN, body: '' }, 400, { cbor: 'SerializationException' }],
  [
    'an empty body for nobody',
    { type: JSON_11, target: NOBODY, body: '' },
    400,
    { json: 'UnknownOperationException' },
  ],
  [
    'another type',
    { type: 'application/x-amz-json-1.0', target: KNOWN, body: '{}' },
    404,
    '<UnknownOperationException/>\n',
  ],
  ['no type', { target: KNOWN, body: '{}' }, 404, '<UnknownOperationException/>\n'],
  ['neither type nor target', { body: '{}' }, 403, denied()],
  ['a target without operation', { target: 'Kinesis_20131202.', body: '{}' }, 403, denied()],
  ['no document', { type: JSON_11, target: NOBODY, body: 'hello' }, 400, { json: 'SerializationException' }],
  ['a scalar', { type: JSON_11, target: NOBODY, body: 'true' }, 400, { json: 'SerializationException' }],
  ['null', { type: JSON_11, target: NOBODY, body: 'null' }, 400, { json: 'SerializationException' }],
  [
    'no CBOR',
    { type: CBOR_11, target: NOBODY, body: Buffer.from([0xff]) },
    400,
    { cbor: 'SerializationException' },
  ],
  ['no document, plain', { type: PLAIN, target: KNOWN, body: 'hello' }, 400, coral('SerializationException')],
  ['a document, plain', { type: PLAIN, target: KNOWN, body: '{}' }, 404, coral('UnknownOperationException')],
  ['nobody', { type: JSON_11, target: NOBODY, body: '{}' }, 400, { json: 'UnknownOperationException' }],
  [
    'nobody in CBOR',
    { type: CBOR_11, target: NOBODY, body: Buffer.from([0xa0]) },
    400,
    { cbor: 'UnknownOperationException' },
  ],
  [
    'no target',
    { type: `${JSON_11}; charset=utf-8`, body: '{}' },
    400,
    { json: 'UnknownOperationException' },
  ],
];

function denied(): string {
  return (
    '<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n' +
    '</AccessDeniedException>\n'
  );
}

function coral(code: string): string {
  return `{"Output":{"__type":"com.amazon.coral.service#${code}"},"Version":"1.0"}`;
}

/** The body in the form in which it was expected. */
function bodyOf({ body, bytes, headers }: Reply): unknown {
  switch (headers['content-type']) {
    case JSON_11:
      return { json: (JSON.parse(body) as { __type: string }).__type };
    case CBOR_11:
      return { cbor: (readCbor(bytes) as { __type: string }).__type };
    default:
      return body;
  }
}

function assertIds({ headers }: Reply): void {
  assert.match(String(headers['x-amzn-requestid']), /^[0-9a-f-]{36}$/);
  assert.equal(Buffer.from(String(headers['x-amz-id-2']), 'base64').length, 72);
}

for (const [who, options] of [
  ['those who sign nothing', { signers: strangers }],
  ['everybody in open mode', {}],
] as const) {
  test(`the forms of refusals, for ${who}`, async (t) => {
    const { origin, bodies } = await startFrame(t, [kinesis], options);
    for (const [what, question, status, body] of REFUSALS) {
      const reply = await post(`${origin}/`, question.body, headersOf(question));
      assert.deepEqual([reply.status, bodyOf(reply)], [status, body], what);
      assertIds(reply);
    }
    assert.equal(bodies.usedBytes, 0);
  });
}

test('other methods than POST', async (t) => {
  const { origin } = await startFrame(t, [kinesis]);
  for (const method of ['GET', 'PUT', 'DELETE']) {
    const headers = { authorization: 'AWS4-HMAC-SHA256 Credential=a' };
    const answer = await fetch(origin, { method, headers });
    assert.deepEqual([answer.status, await answer.text()], [403, denied()]);
  }
});

describe('the signature', () => {
  const ask = async (
    origin: string,
    {
      path = '/',
      headers = {},
      body = '{}',
    }: { path?: string; headers?: Record<string, string>; body?: string },
  ) => {
    const reply = await post(`${origin}${path}`, body, {
      ...headersOf({ type: JSON_11, target: KNOWN, body }),
      ...headers,
    });
    const { __type, message } = JSON.parse(reply.body) as Record<string, string>;
    return [reply.status, __type, message];
  };

  test('none, parts of one, two of them', async (t) => {
    const { origin } = await startFrame(t, [kinesis], { signers: strangers });
    assert.deepEqual(await ask(origin, {}), [
      400,
      'MissingAuthenticationTokenException',
      'Missing Authentication Token',
    ]);
    assert.deepEqual(await ask(origin, { path: '/?X-Amz-Credential=a&X-Amz-SignedHeaders=c&X-Amz-Date=d' }), [
      400,
      'MissingAuthenticationTokenException',
      'Missing Authentication Token',
    ]);
    assert.deepEqual(await ask(origin, { headers: { authorization: 'AWS4-HMAC-SHA256' } }), [
      400,
      'IncompleteSignatureException',
      "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. " +
        "Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a " +
        "'X-Amz-Date' or a 'Date' header.",
    ]);
    assert.deepEqual(
      await ask(origin, { headers: { authorization: 'AWS4- Signature=b,Credential=a', date: 'a' } }),
      [400, 'IncompleteSignatureException', "Authorization header requires 'SignedHeaders' parameter."],
    );
    assert.deepEqual(await ask(origin, { path: '/?X-Amz-Algorithm' }), [
      400,
      'IncompleteSignatureException',
      "AWS query-string parameters must include 'X-Amz-Algorithm'. AWS query-string parameters must include " +
        "'X-Amz-Credential'. AWS query-string parameters must include 'X-Amz-Signature'. AWS query-string parameters must " +
        "include 'X-Amz-SignedHeaders'. AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string " +
        'parameters.',
    ]);
    assert.deepEqual(
      await ask(origin, {
        path: '/?X-Amz-Algorithm',
        headers: { authorization: 'AWS4-HMAC-SHA256 Credential=a' },
      }),
      [
        400,
        'InvalidSignatureException',
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
      ],
    );
    // What the body is, is told first.
    assert.equal((await ask(origin, { body: 'hello' }))[1], 'SerializationException');
  });

  test('of a stranger no more is read than tells what is wrong', async (t) => {
    const { origin, bodies } = await startFrame(t, [kinesis], { signers: strangers });
    const headers = {
      ...headersOf({ type: JSON_11, target: KNOWN, body: '' }),
      'content-length': '10000000',
    };
    const { outgoing, reply } = beginPost(`${origin}/`, headers);
    outgoing.write('x');
    assert.match((await reply).body, /MissingAuthenticationTokenException/);
    assert.equal(bodies.usedBytes, 0);
    outgoing.destroy();
  });
});

test('types come before constraints, constraints before the operation; every answer has two ids', async (t) => {
  const refusing: AwsService = {
    model: 'kinesis',
    handlers: {
      PutRecord: () => {
        throw new AwsError('ResourceNotFoundException', 'Stream a under account 000000000000 not found.');
      },
    },
  };
  const { origin } = await startFrame(t, [refusing]);
  const ask = async (input: unknown) => {
    const body = JSON.stringify(input);
    const reply = await post(
      `${origin}/any/path`,
      body,
      headersOf({ type: JSON_11, target: 'Kinesis_20131202.PutRecord', body }),
    );
    assertIds(reply);
    assert.equal(reply.status, 400);
    return JSON.parse(reply.body) as { __type: string; message: string };
  };
  const input = {
    StreamName: '',
    PartitionKey: '',
    Data: 1,
    ExplicitHashKey: '',
    SequenceNumberForOrdering: '',
  };
  assert.equal((await ask(input)).__type, 'SerializationException');
  const failed = (member: string, rule: string, value = "''") =>
    `Value ${value} at '${member}' failed to satisfy constraint: Member must ${rule}`;
  assert.deepEqual(await ask({ ...input, Data: '' }), {
    __type: 'ValidationException',
    message: `5 validation errors detected: ${[
      failed('streamName', 'satisfy regular expression pattern: [a-zA-Z0-9_.-]+'),
      failed('streamName', 'have length greater than or equal to 1'),
      failed('partitionKey', 'have length greater than or equal to 1'),
      failed('explicitHashKey', 'satisfy regular expression pattern: 0|([1-9]\\d{0,38})'),
      failed('sequenceNumberForOrdering', 'satisfy regular expression pattern: 0|([1-9]\\d{0,128})'),
    ].join('; ')}`,
  });
  assert.deepEqual(await ask({ StreamName: 'a' }), {
    __type: 'ValidationException',
    message: `2 validation errors detected: ${[
      failed('data', 'not be null', 'null'),
      failed('partitionKey', 'not be null', 'null'),
    ].join('; ')}`,
  });
  const long = 'a'.repeat(257);
  assert.equal(
    (await ask({ StreamName: 'a', Data: '', PartitionKey: long })).message,
    `1 validation error detected: ${failed('partitionKey', 'have length less than or equal to 256', `'${long}'`)}`,
  );
  assert.deepEqual(await ask({ StreamName: 'a', Data: '', PartitionKey: 'k' }), {
    __type: 'ResourceNotFoundException',
    message: 'Stream a under account 000000000000 not found.',
  });
});

test('what fails inside is an InternalFailureException', async (t) => {
  const { origin, logLines } = await startFrame(t, [kinesis]);
  const question = { type: JSON_11, target: 'Kinesis_20131202.DescribeStream', body: '{"StreamName":"a"}' };
  const reply = await post(`${origin}/`, question.body, headersOf(question));
  assert.deepEqual([reply.status, bodyOf(reply)], [500, { json: 'InternalFailureException' }]);
  assert.match(logLines.join(''), /inside/);
});

test('pages are told what they may send and read', async (t) => {
  const { origin } = await startFrame(t, [kinesis]);
  const page = { origin: 'http://localhost:5173' };
  const asked = {
    'access-control-request-headers': 'a, x-amz-target',
    'access-control-request-method': 'POST',
  };
  const preflight = await fetch(origin, { method: 'OPTIONS', headers: { ...page, ...asked } });
  assert.equal(preflight.headers.get('access-control-allow-origin'), '*');
  assert.equal(preflight.headers.get('access-control-allow-headers'), 'a, x-amz-target');
  assert.equal(preflight.headers.get('access-control-allow-methods'), 'POST');
  assert.equal(preflight.headers.get('access-control-max-age'), '172800');
  assert.equal(preflight.headers.get('x-amz-id-2'), null);
  const reply = await post(`${origin}/`, '{}', {
    ...page,
    ...headersOf({ type: JSON_11, target: KNOWN, body: '' }),
  });
  assert.equal(reply.headers['access-control-allow-origin'], '*');
  assert.equal(
    reply.headers['access-control-expose-headers'],
    'x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date',
  );
});
