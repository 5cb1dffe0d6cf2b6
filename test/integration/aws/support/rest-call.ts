import assert from 'node:assert/strict';
import { until } from '../../../e2e/support/until.ts';
import type { AwsTestServer } from './aws-server.ts';

/** Asks the server's REST API as its admin; answers the JSON. Fails on anything but success. */
export async function restCall(
  server: AwsTestServer,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  const response = await fetch(`${server.endpoint}${path}`, {
    method,
    headers: { authorization: `Bearer ${server.admin.secret}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const json: unknown = await response.json();
  assert.ok(response.ok, JSON.stringify(json));
  return json;
}

/** Resolves when a detection job is done; fails when it does not come to its end. */
export async function jobDone(server: AwsTestServer, id: string): Promise<void> {
  await until(
    `job ${id}`,
    async () => {
      const { state, message } = (await restCall(server, 'GET', `/api/detection-jobs/${id}`)) as {
        readonly state: string;
        readonly message?: string;
      };
      assert.notEqual(state, 'failed', message);
      return state === 'done';
    },
    120_000,
  );
}
