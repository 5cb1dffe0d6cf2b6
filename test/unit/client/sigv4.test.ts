import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { it } from 'node:test';
import { promisify } from 'node:util';
import { signedHeaders } from '../../../client/put-media/sigv4.ts';

/** botocore signs the same request. */
const PYTHON = `
import sys, json, datetime
import botocore.auth, botocore.awsrequest, botocore.credentials
fields = json.load(sys.stdin)
class Fixed(datetime.datetime):
    @classmethod
    def utcnow(cls): return cls(2026, 1, 2, 3, 4, 5)
    @classmethod
    def now(cls, tz=None): return cls(2026, 1, 2, 3, 4, 5, tzinfo=tz)
botocore.auth.datetime.datetime = Fixed
if hasattr(botocore.auth, 'get_current_datetime'): botocore.auth.get_current_datetime = lambda: Fixed.utcnow()
request = botocore.awsrequest.AWSRequest(method='POST', url=fields['url'], headers=fields['headers'], data=fields['body'])
credentials = botocore.credentials.Credentials('AKIDEXAMPLE', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', fields.get('token'))
botocore.auth.SigV4Auth(credentials, 'kinesisvideo', 'eu-west-1').add_auth(request)
print(request.headers['Authorization'])
`;

for (const [name, url, body, token] of [
  ['a call with a body', 'http://127.0.0.1:9000/getDataEndpoint', '{"StreamName":"tür"}', undefined],
  ['PutMedia, of nothing', 'https://s-1.kinesisvideo.eu-west-1.amazonaws.com/putMedia', undefined, undefined],
  ['a session token', 'http://127.0.0.1:9000/putMedia', undefined, 'a/token+'],
] as const) {
  it(`${name}: signed as botocore signs it`, async () => {
    const headers = { 'content-type': 'application/json', 'x-amzn-stream-name': 'a  spaced   name ' };
    const credentials = {
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
      ...(token === undefined ? {} : { sessionToken: token }),
    };
    const call = { method: 'POST', url: new URL(url), headers, body, region: 'eu-west-1' } as const;
    const own = signedHeaders(call, credentials, Date.UTC(2026, 0, 2, 3, 4, 5));
    assert.equal(own['x-amz-date'], '20260102T030405Z');
    const python = promisify(execFile)('/usr/bin/python3', ['-c', PYTHON]);
    python.child.stdin?.end(JSON.stringify({ url, headers, body: body ?? '', token }));
    assert.equal(own.authorization, (await python).stdout.trim());
  });
}
