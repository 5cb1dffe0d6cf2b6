import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { authorization, basicDate, presignedQuery, sha256 } from '../../../integration/aws/support/sign.ts';
import {
  authenticatorRig,
  awsErrorOf,
  EXAMPLE_KEY,
  EXAMPLE_MS,
  EXAMPLE_SECRET,
  messageOf,
  type RequestParts,
} from './authenticator-rig.ts';

const EMPTY = sha256('');
const DATE = basicDate(EXAMPLE_MS);

/** A signed call of a Kinesis Video operation; parts of it can be changed before and after it is signed. */
function signedCall(
  change: {
    readonly keyId?: string;
    readonly secret?: string;
    readonly date?: string;
    readonly region?: string;
    readonly service?: string;
    readonly body?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly unsigned?: readonly string[];
    readonly payloadHash?: string;
    readonly path?: string;
    readonly target?: string;
    readonly remoteAddress?: string;
  } = {},
): RequestParts {
  const date = change.date ?? DATE;
  const path = change.path ?? '/describeStream';
  const headers = { host: 'localhost:8080', 'x-amz-date': date, ...change.headers };
  const wish = {
    keyId: change.keyId ?? EXAMPLE_KEY,
    secret: change.secret ?? EXAMPLE_SECRET,
    method: 'POST',
    canonicalPath: path,
    headers,
    payloadHash: change.payloadHash ?? sha256(change.body ?? '{}'),
    date,
    region: change.region ?? 'us-east-1',
    service: change.service ?? 'kinesisvideo',
  };
  return {
    target: change.target ?? path,
    headers: [
      ...Object.entries(headers).flat(),
      ...(change.unsigned ?? []),
      'Authorization',
      authorization(wish),
    ],
    ...(change.remoteAddress === undefined ? {} : { remoteAddress: change.remoteAddress }),
  };
}

function verify(
  rig: ReturnType<typeof authenticatorRig>,
  parts: RequestParts,
  options: {
    readonly bodySha256?: string | undefined;
    readonly nowMs?: number;
    readonly service?: string;
  } = {},
) {
  const { nowMs = EXAMPLE_MS, service = 'kinesisvideo' } = options;
  const bodySha256 = 'bodySha256' in options ? options.bodySha256 : sha256('{}');
  return rig.authenticator.begin(messageOf(parts), { service, nowMs }).verify(bodySha256);
}

describe('the published signature examples verify', () => {
  const vectors: readonly [name: string, signature: string, parts: RequestParts & { signed?: string }][] = [
    [
      'get-vanilla',
      '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
      { method: 'GET', headers: [] },
    ],
    [
      'post-vanilla',
      '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
      { method: 'POST', headers: [] },
    ],
    [
      'get-vanilla-query-order-key-case',
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
      { method: 'GET', target: '/?Param2=value2&Param1=value1', headers: [] },
    ],
    [
      'get-header-value-trim',
      'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
      {
        method: 'GET',
        headers: ['My-Header1', ' value1', 'My-Header2', ' "a   b   c"'],
        signed: 'host;my-header1;my-header2;x-amz-date',
      },
    ],
    [
      'get-vanilla-utf8-query',
      '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04',
      { method: 'GET', target: '/?\u1234=bar', headers: [] },
    ],
  ];
  for (const [name, signature, parts] of vectors) {
    test(name, () => {
      const rig = authenticatorRig();
      const signed = parts.signed ?? 'host;x-amz-date';
      const credential = `${EXAMPLE_KEY}/20150830/us-east-1/service/aws4_request`;
      const headers = [
        'Host',
        'example.amazonaws.com',
        ...parts.headers,
        'X-Amz-Date',
        DATE,
        'Authorization',
      ];
      headers.push(
        `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signed}, Signature=${signature}`,
      );
      const principal = verify(rig, { ...parts, headers }, { bodySha256: EMPTY, service: 'service' });
      assert.equal(principal.id, EXAMPLE_KEY);
    });
  }
});

describe('every known signer is understood', () => {
  test('host with a port, without one, and as :authority of HTTP/2', () => {
    for (const host of ['localhost:8080', 'localhost', '[::1]:8080']) {
      assert.equal(verify(authenticatorRig(), signedCall({ headers: { host } })).id, EXAMPLE_KEY);
    }
    const { headers, ...rest } = signedCall();
    const http2 = headers.map((name) => (name === 'host' ? ':authority' : name));
    assert.equal(verify(authenticatorRig(), { ...rest, headers: http2 }).id, EXAMPLE_KEY);
  });

  test('the C producer: hop-by-hop headers signed, the token not, the hash of nothing', () => {
    const parts = signedCall({
      path: '/putMedia',
      payloadHash: EMPTY,
      headers: {
        connection: 'keep-alive',
        host: 'localhost',
        'transfer-encoding': 'chunked',
        'user-agent': 'AWS-SDK-KVS/3.6.0 GCC/12.2.0 Linux/6.1 x86_64',
        'x-amz-date': DATE,
        'x-amzn-fragment-timecode-type': 'ABSOLUTE',
        'x-amzn-stream-name': 'cam',
      },
      unsigned: ['x-amz-security-token', 'TOKEN', 'content-type', 'application/json'],
    });
    assert.equal(verify(authenticatorRig(), parts, { bodySha256: undefined }).id, EXAMPLE_KEY);
  });

  test('the Java PutMedia client: the literal of signed chunks, which it does not send', () => {
    const literal = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';
    const parts = signedCall({ payloadHash: literal, headers: { 'x-amz-content-sha256': literal } });
    assert.equal(verify(authenticatorRig(), parts, { bodySha256: undefined }).id, EXAMPLE_KEY);
  });

  test('an unsigned payload', () => {
    const parts = signedCall({
      payloadHash: 'UNSIGNED-PAYLOAD',
      headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
    });
    assert.equal(verify(authenticatorRig(), parts).id, EXAMPLE_KEY);
  });

  test('a path is taken as sent, and encoded once more', () => {
    for (const path of ['/a%20b', '/a%2520b']) {
      const parts = signedCall({ path, target: '/a%20b' });
      assert.equal(verify(authenticatorRig(), parts).id, EXAMPLE_KEY);
    }
  });

  test('a presigned URL, its token signed or added afterwards', () => {
    const wish = {
      keyId: EXAMPLE_KEY,
      secret: EXAMPLE_SECRET,
      method: 'GET',
      canonicalPath: '/',
      headers: { host: 'localhost:8080' },
      payloadHash: EMPTY,
      date: DATE,
      region: 'us-east-1',
      service: 'kinesisvideo',
    };
    const arn = 'arn:aws:kinesisvideo:us-east-1:000000000000:channel/a/1';
    const queries = [
      presignedQuery(wish, 299, { 'X-Amz-ChannelARN': arn }),
      presignedQuery(wish, 299, { 'X-Amz-ChannelARN': arn, 'X-Amz-Security-Token': 'a+b/c=' }),
      `${presignedQuery(wish, 299, { 'X-Amz-ChannelARN': arn })}&X-Amz-Security-Token=abc`,
    ];
    for (const query of queries) {
      const parts = { method: 'GET', target: `/?${query}`, headers: ['Host', 'localhost:8080'] };
      assert.equal(verify(authenticatorRig(), parts, { bodySha256: undefined }).id, EXAMPLE_KEY);
      // Other ways of percent-encoding mean the same.
      const lax = parts.target.replaceAll('%2F', '/').replaceAll('%3A', ':');
      assert.equal(
        verify(authenticatorRig(), { ...parts, target: lax }, { bodySha256: undefined }).id,
        EXAMPLE_KEY,
      );
      const wrong = parts.target.replace('X-Amz-Expires=299', 'X-Amz-Expires=300');
      const error = awsErrorOf(() =>
        verify(authenticatorRig(), { ...parts, target: wrong }, { bodySha256: undefined }),
      );
      assert.equal(error.code, 'InvalidSignatureException');
    }
    const late = awsErrorOf(() =>
      verify(
        authenticatorRig(),
        { method: 'GET', target: `/?${queries[0]}`, headers: ['Host', 'localhost:8080'] },
        { nowMs: EXAMPLE_MS + 300_000 },
      ),
    );
    assert.match(late.message, /Signature expired/);
  });

  test('a Date header instead of X-Amz-Date', () => {
    const parts = signedCall({ headers: { 'x-amz-date': '', date: new Date(EXAMPLE_MS).toUTCString() } });
    const headers = parts.headers.filter((_, index) => ![2, 3].includes(index));
    const again = authorization({
      keyId: EXAMPLE_KEY,
      secret: EXAMPLE_SECRET,
      method: 'POST',
      canonicalPath: '/describeStream',
      headers: { date: new Date(EXAMPLE_MS).toUTCString(), host: 'localhost:8080' },
      payloadHash: sha256('{}'),
      date: DATE,
      region: 'us-east-1',
      service: 'kinesisvideo',
    });
    assert.equal(
      verify(authenticatorRig(), { ...parts, headers: [...headers.slice(0, -1), again] }).id,
      EXAMPLE_KEY,
    );
  });
});

describe('what is wrong is refused', () => {
  const codeOf = (parts: RequestParts, options: Parameters<typeof verify>[2] = {}) =>
    awsErrorOf(() => verify(authenticatorRig(), parts, options));

  test('no signature at all', () => {
    const error = codeOf({ headers: ['Host', 'localhost'] });
    assert.deepEqual([error.code, error.status], ['MissingAuthenticationTokenException', 403]);
    assert.equal(
      codeOf({ headers: ['Authorization', 'Bearer secret'] }).code,
      'MissingAuthenticationTokenException',
    );
  });

  test('a wrong secret, another body, another header, another path', () => {
    const wrong = [
      codeOf(signedCall({ secret: 'wrong' })),
      codeOf(signedCall(), { bodySha256: sha256('{ }') }),
      codeOf({ ...signedCall(), target: '/deleteStream' }),
      codeOf({
        ...signedCall(),
        headers: signedCall().headers.map((one) => (one === 'localhost:8080' ? 'other' : one)),
      }),
      codeOf({ ...signedCall(), method: 'GET' }),
    ];
    for (const error of wrong) {
      assert.deepEqual([error.code, error.status], ['InvalidSignatureException', 403]);
      assert.match(error.message, /does not match the signature you provided/);
    }
  });

  test('a content hash that is not the hash of the body', () => {
    const other = sha256('other');
    const parts = signedCall({ payloadHash: other, headers: { 'x-amz-content-sha256': other } });
    assert.match(codeOf(parts).message, /not the hash of the body/);
    assert.equal(
      codeOf(signedCall({ payloadHash: 'NONE', headers: { 'x-amz-content-sha256': 'NONE' } })).code,
      'InvalidSignatureException',
    );
  });

  test('unknown, revoked and expired keys', () => {
    const rig = authenticatorRig();
    rig.addKey('REVOKED', 's', { revokedMs: 1 });
    rig.addKey('EXPIRED', 's', { expiresMs: 1 });
    const errorOf = (keyId: string) => awsErrorOf(() => verify(rig, signedCall({ keyId, secret: 's' })));
    assert.deepEqual(
      [errorOf('NOBODY').code, errorOf('NOBODY').status],
      ['UnrecognizedClientException', 403],
    );
    assert.equal(errorOf('REVOKED').code, 'UnrecognizedClientException');
    assert.equal(errorOf('EXPIRED').code, 'ExpiredTokenException');
    assert.ok(rig.refused.includes('expired'));
  });

  test('times too far away, in the words that clients look for', () => {
    assert.doesNotThrow(() => verify(authenticatorRig(), signedCall(), { nowMs: EXAMPLE_MS + 15 * 60_000 }));
    assert.doesNotThrow(() => verify(authenticatorRig(), signedCall(), { nowMs: EXAMPLE_MS - 15 * 60_000 }));
    const late = codeOf(signedCall(), { nowMs: EXAMPLE_MS + 15 * 60_000 + 1000 });
    assert.equal(
      late.message,
      'Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T125101Z - 15 min.)',
    );
    const early = codeOf(signedCall(), { nowMs: EXAMPLE_MS - 16 * 60_000 });
    assert.match(
      early.message,
      /^Signature not yet current: 20150830T123600Z is still later than 20150830T123500Z/,
    );
    assert.equal(early.code, 'InvalidSignatureException');
  });

  test('another scope', () => {
    assert.match(codeOf(signedCall({ region: 'eu-west-1' })).message, /'us-east-1'/);
    assert.match(codeOf(signedCall({ service: 's3' })).message, /correct service: 'kinesisvideo'/);
    const parts = signedCall();
    const headers = parts.headers.map((value) => value.replace('/20150830/', '/20150829/'));
    assert.match(codeOf({ ...parts, headers }).message, /Date in Credential scope/);
  });

  test('a host that is not signed', () => {
    const parts = signedCall();
    const headers = parts.headers.map((value) => value.replace('SignedHeaders=host;', 'SignedHeaders='));
    assert.match(codeOf({ ...parts, headers }).message, /'Host'.* must be a 'SignedHeader'/);
  });

  test('a header that decides, and is not signed', () => {
    const rig = authenticatorRig();
    const context = { service: 'kinesisvideo', nowMs: EXAMPLE_MS, mustSign: ['x-amz-target'] };
    const error = awsErrorOf(() => rig.authenticator.begin(messageOf(signedCall()), context));
    assert.match(error.message, /'x-amz-target' must be a 'SignedHeader'/);
  });

  test('two signatures', () => {
    const parts = signedCall();
    const error = codeOf({ ...parts, target: `${parts.target}?X-Amz-Algorithm=AWS4-HMAC-SHA256` });
    assert.equal(error.code, 'InvalidSignatureException');
    assert.equal(
      codeOf({ ...parts, headers: [...parts.headers, ...parts.headers] }).code,
      'InvalidSignatureException',
    );
  });

  test('broken forms are incomplete signatures', () => {
    const { headers } = signedCall();
    const good = headers.at(-1) ?? '';
    const broken = [
      good.replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'),
      'AWS4-HMAC-SHA256',
      good.replace('Credential=', 'Credentials='),
      good.replace(/, Signature=.*/, ''),
      good.replace(/Signature=../, 'Signature=zz'),
      good.replace('SignedHeaders=host', 'SignedHeaders=ho st'),
      good.replace(/SignedHeaders=[^,]*/, `SignedHeaders=${'a;'.repeat(200)}host`),
      good.replace('/aws4_request', '/aws4'),
      good.replace('/us-east-1', ''),
      `${good}, Signature=${'0'.repeat(64)}`,
      good.replaceAll(',', ';'),
    ];
    for (const value of broken) {
      const error = codeOf({ headers: [...headers.slice(0, -1), value] });
      assert.deepEqual([error.code, error.status], ['IncompleteSignatureException', 400], value);
    }
    for (const date of ['20150230T123600Z', 'yesterday', '']) {
      assert.equal(
        codeOf({ headers: headers.map((value) => (value === DATE ? date : value)) }).code,
        'IncompleteSignatureException',
      );
    }
    for (const query of [
      'X-Amz-Signature=',
      'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=9999999',
      'X-Amz-Signature=a&X-Amz-Signature=b&X-Amz-Algorithm=AWS4-HMAC-SHA256',
    ]) {
      assert.equal(codeOf({ target: `/?${query}`, headers: [] }).code, 'IncompleteSignatureException', query);
    }
  });
});

describe('guessing is limited', () => {
  test("wrong signatures of a key use up its budget at that address, and nobody else's", () => {
    const rig = authenticatorRig();
    rig.addKey('NEIGHBOUR', 'other');
    const guess = (index: number) =>
      awsErrorOf(() => verify(rig, signedCall({ secret: `guess ${index}` }))).code;
    for (let i = 0; i < 20; i++) assert.equal(guess(i), 'InvalidSignatureException');
    assert.equal(guess(20), 'ThrottlingException');
    assert.equal(awsErrorOf(() => verify(rig, signedCall())).code, 'ThrottlingException');
    assert.equal(verify(rig, signedCall({ keyId: 'NEIGHBOUR', secret: 'other' })).id, 'NEIGHBOUR');
    assert.equal(verify(rig, signedCall({ remoteAddress: '192.0.2.2' })).id, EXAMPLE_KEY);
    assert.equal(verify(rig, signedCall(), { nowMs: EXAMPLE_MS + 60_000 }).id, EXAMPLE_KEY);
  });

  test('made-up key ids use up the budget of their address', () => {
    const rig = authenticatorRig();
    const guess = (keyId: string) => awsErrorOf(() => verify(rig, signedCall({ keyId }))).code;
    for (let i = 0; i < 20; i++) assert.equal(guess(`KEY${i}`), 'UnrecognizedClientException');
    assert.equal(guess('KEY21'), 'ThrottlingException');
    assert.equal(verify(rig, signedCall()).id, EXAMPLE_KEY);
  });
});

describe('open mode', () => {
  const rig = authenticatorRig({ open: true });
  const from = (...headers: string[]) => verify(rig, { headers: ['Host', 'localhost:8080', ...headers] });

  test('any credentials are good, also none', () => {
    assert.equal(from().kind, 'open');
    assert.equal(from('Authorization', 'AWS4-HMAC-SHA256 nonsense').kind, 'open');
    assert.equal(verify(rig, signedCall({ secret: 'wrong', region: 'eu-west-1' })).kind, 'open');
  });

  test('pages of elsewhere are refused, those of this machine are not', () => {
    assert.equal(from('Origin', 'http://localhost:5173').kind, 'open');
    for (const origin of ['https://evil.example', 'null']) {
      assert.equal(awsErrorOf(() => from('Origin', origin)).code, 'AccessDeniedException');
    }
    const rebound = awsErrorOf(() => verify(rig, { headers: ['Host', 'evil.example:8080'] }));
    assert.deepEqual([rebound.code, rebound.status], ['AccessDeniedException', 403]);
  });
});
