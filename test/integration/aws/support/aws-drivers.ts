import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as kinesis from '@aws-sdk/client-kinesis';
import * as kinesisVideo from '@aws-sdk/client-kinesis-video';
import type { AwsTestServer } from './aws-server.ts';
import { clientEnvironment, PYTHON } from './python-clients.ts';
import { sdkClients } from './sdk-clients.ts';

/** One way to call operations, with everything that a client does on the way: validation, signing, parsing. */
export interface AwsDriver {
  readonly name: string;
  /** Does this version of the client know the operation? */
  knows(operation: string): boolean;
  /** Throws AwsCallError. */
  call(operation: string, input?: Record<string, unknown>): Promise<Output>;
}

// The drivers answer whatever the server said: what it is, is for the tests to assert.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Output = any;

/** The server's error as the client understood it. */
export class AwsCallError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

/** What the drivers can talk to. */
export type DrivenService = 'kinesisvideo' | 'kinesis';

/** Bytes in an input, for every driver to put in its own form. */
export function bytes(text: string): { readonly $bytes: string } {
  return { $bytes: Buffer.from(text).toString('base64') };
}

/** The official JavaScript SDK. Times of the answers are seconds, and bytes base64, as with the others. */
export function sdkDriver(
  t: TestContext,
  server: AwsTestServer,
  key = server.admin,
  service: DrivenService = 'kinesisvideo',
): AwsDriver {
  const clients = sdkClients(t, server, key);
  const client = (service === 'kinesis' ? clients.kinesis : clients.video) as {
    send(command: never): Promise<Output>;
  };
  const commands = (service === 'kinesis' ? kinesis : kinesisVideo) as unknown as Record<
    string,
    new (
      input: object,
    ) => never
  >;
  return {
    name: 'the JavaScript SDK',
    knows: (operation) => commands[`${operation}Command`] !== undefined,
    async call(operation, input = {}) {
      const Command = commands[`${operation}Command`];
      if (Command === undefined) throw new Error(`the SDK has no ${operation}`);
      try {
        const { $metadata, ...output } = await client.send(new Command(withBytes(input)));
        return JSON.parse(
          JSON.stringify(output, (_key, value) => base64Of(value)),
          (_key, value) =>
            typeof value === 'string' && /^\d{4}-.*Z$/.test(value) ? Date.parse(value) / 1000 : value,
        );
      } catch (error) {
        if (error instanceof Error && '$metadata' in error) throw new AwsCallError(error.name, error.message);
        throw error;
      }
    },
  };
}

function withBytes(input: object): object {
  return JSON.parse(JSON.stringify(input), (_key, value) =>
    typeof value?.$bytes === 'string' ? Buffer.from(value.$bytes, 'base64') : value,
  );
}

function base64Of(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
}

/** boto3, or the code of the AWS CLI, in one Python process for all calls. */
export async function pythonDriver(
  t: TestContext,
  kind: 'boto3' | 'cli',
  server: AwsTestServer,
  key = server.admin,
  service: DrivenService = 'kinesisvideo',
): Promise<AwsDriver> {
  const script = fileURLToPath(new URL('python-driver.py', import.meta.url));
  const child = spawn(PYTHON, [script, kind, service, server.endpoint], {
    env: clientEnvironment(server, { key }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let stderr = '';
  child.stderr.on('data', (data: Buffer) => {
    stderr = (stderr + data.toString()).slice(-20_000);
  });
  t.after(async () => {
    child.stdin.end();
    await exited;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<Output> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`${kind} ended:\n${stderr}`);
    return JSON.parse(value);
  };
  const known = new Set<string>(await nextLine());
  return {
    name: kind === 'cli' ? 'the AWS CLI' : 'boto3',
    knows: (operation) => known.has(operation),
    async call(operation, input = {}) {
      child.stdin.write(`${JSON.stringify({ operation, input })}\n`);
      const { output, error, message } = await nextLine();
      if (error !== undefined) throw new AwsCallError(error, message);
      return output;
    },
  };
}
