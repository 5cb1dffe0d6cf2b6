import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { GetIceServerConfigCommand } from '@aws-sdk/client-kinesis-video-signaling';
import { type AwsTestServer, startAwsServer } from './support/aws-server.ts';
import { runAwsCli, runBoto3 } from './support/python-clients.ts';
import { sdkClients } from './support/sdk-clients.ts';

/**
 * Real clients with real signatures. They ask for a channel that does not exist: whoever hears that it does not was
 * let in.
 */
const ARN = 'arn:aws:kinesisvideo:us-east-1:000000000000:channel/nobody/1700000000000';

test('the SDK for JavaScript is known by its key', async (t) => {
  const server = await startAwsServer(t);
  const ask = (key = server.admin) =>
    sdkClients(t, server, key).signaling.send(new GetIceServerConfigCommand({ ChannelARN: ARN }));
  await assert.rejects(ask(), (error: { name: string; $metadata: Record<string, unknown> }) => {
    assert.equal(error.name, 'ResourceNotFoundException');
    assert.equal(error.$metadata.httpStatusCode, 404);
    assert.match(String(error.$metadata.requestId), /^[0-9a-f-]{36}$/);
    return true;
  });
  await assert.rejects(ask({ ...server.admin, secret: 'wrong' }), { name: 'InvalidSignatureException' });
  await assert.rejects(ask({ ...server.admin, id: 'FLNOBODY' }), { name: 'UnrecognizedClientException' });
  server.revokeKey(server.admin.id);
  await assert.rejects(ask(), { name: 'UnrecognizedClientException' });
  assert.deepEqual(server.errorLines(), []);
});

/** What the SDK hands to its transport. */
interface SignedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string | Uint8Array;
}

test('what the SDK signs holds over HTTP/2 and TLS, however the host is written', async (t) => {
  const file = (name: string) =>
    fileURLToPath(new URL(`../../unit/server/http/tls/${name}`, import.meta.url));
  const tls = { certFile: file('cert.pem'), keyFile: file('key.pem') };
  const server = await startAwsServer(t, { http: { tls } });
  const session = connect(server.endpoint, { rejectUnauthorized: false });
  t.after(() => session.close());
  const statusOf = async (write: (headers: Record<string, string>) => Record<string, string>) => {
    let status = 0;
    const { signaling } = sdkClients(t, server);
    const requestHandler = {
      async handle({ method, path, headers, body }: SignedRequest): Promise<never> {
        const stream = session.request({ ...write(headers), ':method': method, ':path': path });
        stream.end(body);
        const [answer] = (await once(stream, 'response')) as [Record<string, number>];
        status = answer[':status'] ?? 0;
        stream.resume();
        await once(stream, 'close');
        throw new Error('answered');
      },
    };
    Object.assign(signaling.config, { requestHandler });
    await assert.rejects(signaling.send(new GetIceServerConfigCommand({ ChannelARN: ARN })), /answered/);
    return status;
  };
  assert.equal(await statusOf((headers) => headers), 404);
  assert.equal(await statusOf(({ host = '', ...headers }) => ({ ...headers, ':authority': host })), 404);
  assert.equal(await statusOf((headers) => ({ ...headers, host: 'elsewhere' })), 403);
});

test('the aws command is known by its key', async (t) => {
  const server = await startAwsServer(t);
  const ask = async (env: Record<string, string> = {}, key = server.admin) => {
    const args = ['kinesis-video-signaling', 'get-ice-server-config', '--channel-arn', ARN];
    const { code, stderr } = await runAwsCli(server, args, { env, key });
    assert.notEqual(code, 0);
    return stderr;
  };
  const answers = await Promise.all([
    ask(),
    ask({}, { ...server.admin, secret: 'wrong' }),
    ask({ AWS_DEFAULT_REGION: 'eu-west-1' }),
    ask({ AWS_SESSION_TOKEN: 'a token that means nothing here, and is signed' }),
  ]);
  assert.match(answers[0], /\(ResourceNotFoundException\).*There is no channel/);
  assert.match(answers[1], /\(InvalidSignatureException\)/);
  assert.match(answers[2], /\(InvalidSignatureException\).*valid region: this server is 'us-east-1'/);
  assert.match(answers[3], /\(ResourceNotFoundException\)/);
  assert.deepEqual(server.errorLines(), []);
});

/** Signs a POST with botocore's own signers, in the header and in the query, and tells what was answered. */
const SIGN_BY_HAND = `
import datetime, types, urllib.request, urllib.error, botocore.auth
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
body = json.dumps({'ChannelARN': '${ARN}'}).encode()
def ask(signer, body, token=None, **more):
    credentials = Credentials(os.environ['AWS_ACCESS_KEY_ID'], os.environ['AWS_SECRET_ACCESS_KEY'], token)
    request = AWSRequest(method='POST', url=os.environ['FRAMELOG_ENDPOINT'] + '/v1/get-ice-server-config', data=body)
    signer(credentials, 'kinesisvideo', 'us-east-1', **more).add_auth(request)
    request = request.prepare()
    sent = urllib.request.Request(request.url, data=body, headers=dict(request.headers), method='POST')
    try:
        return [urllib.request.urlopen(sent).status]
    except urllib.error.HTTPError as error:
        return [error.code, error.headers['x-amzn-ErrorType'], json.load(error)]
def shift_clock(hours):
    class Shifted(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return datetime.datetime.utcnow() + datetime.timedelta(hours=hours)
    botocore.auth.datetime = types.SimpleNamespace(datetime=Shifted)
`;

test('boto3, and what botocore signs in the header and in the query', async (t) => {
  const server = await startAwsServer(t);
  const answers = (await runBoto3(
    server,
    `${SIGN_BY_HAND}
answers = []
try:
    client('kinesis-video-signaling').get_ice_server_config(ChannelARN='${ARN}')
except botocore.exceptions.ClientError as error:
    answers.append([error.response['ResponseMetadata']['HTTPStatusCode'], type(error).__name__])
answers.append(ask(SigV4Auth, body))
answers.append(ask(SigV4Auth, body, token='a+token/='))
# Presigned requests have no body: let in, and told that something is missing.
answers.append(ask(SigV4QueryAuth, None, expires=60))
answers.append(ask(SigV4QueryAuth, None, token='a+token/=', expires=60))
for hours in [-1, 1]:
    shift_clock(hours)
    answers.append(ask(SigV4Auth, body))
    answers.append(ask(SigV4QueryAuth, None, expires=60))
answer(answers)
`,
  )) as [number, string, Record<string, string>][];
  assert.deepEqual(
    answers.map(([status, code]) => [status, code]),
    [
      [404, 'ResourceNotFoundException'],
      [404, 'ResourceNotFoundException'],
      [404, 'ResourceNotFoundException'],
      [400, 'InvalidArgumentException'],
      [400, 'InvalidArgumentException'],
      [403, 'InvalidSignatureException'],
      [403, 'InvalidSignatureException'],
      [403, 'InvalidSignatureException'],
      [403, 'InvalidSignatureException'],
    ],
  );
  const texts = answers.slice(5).map((one) => JSON.stringify(one));
  for (const text of texts.slice(0, 2)) assert.match(text, /Signature expired/);
  for (const text of texts.slice(2)) assert.match(text, /Signature not yet current/);
});

describe('open mode', () => {
  const ask = (server: AwsTestServer, headers: Record<string, string> = {}) =>
    fetch(`${server.endpoint}/v1/get-ice-server-config`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ ChannelARN: ARN }),
    });

  test('any credentials are good, also none; the log says so at start', async (t) => {
    const server = await startAwsServer(t, { access: { open: true } });
    assert.match(server.logLines.join(''), /open mode: any AWS credentials are accepted/);
    const { signaling } = sdkClients(t, server, { id: 'ANY', secret: 'thing' });
    await assert.rejects(signaling.send(new GetIceServerConfigCommand({ ChannelARN: ARN })), {
      name: 'ResourceNotFoundException',
    });
    assert.equal((await ask(server)).status, 404);
    assert.equal((await ask(server, { origin: 'https://evil.example' })).status, 403);
  });

  test('without it, nobody gets in unsigned', async (t) => {
    const server = await startAwsServer(t);
    const response = await ask(server);
    assert.equal(response.status, 403);
    assert.equal(response.headers.get('x-amzn-errortype'), 'MissingAuthenticationTokenException');
  });
});
