import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import type { AwsTestServer, TestKey } from './aws-server.ts';
import { botocoreModels } from './botocore-models.ts';

/** Debian's own, whatever else is in the PATH: what users of `apt-get install awscli python3-boto3` have. */
const AWS_CLI = '/usr/bin/aws';
export const PYTHON = '/usr/bin/python3';
const LIMIT_MS = 60_000;

export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ClientOptions {
  /** Default: the admin's. */
  readonly key?: TestKey;
  readonly env?: Readonly<Record<string, string>>;
  /** Use the newer models beside the repository (botocore-models.ts). Default: true. */
  readonly newModels?: boolean;
}

/** Runs `aws ARGS --endpoint-url ...`; the exit code is the caller's to look at. */
export function runAwsCli(
  server: AwsTestServer,
  args: readonly string[],
  options: ClientOptions = {},
): Promise<ProgramResult> {
  const all = [...args, '--endpoint-url', server.endpoint, '--output', 'json', '--no-cli-pager'];
  return runProgram(AWS_CLI, all, clientEnvironment(server, options));
}

/** Runs `aws` and reads its answer. Throws with what it said when it fails. */
export async function awsCliJson(
  server: AwsTestServer,
  args: readonly string[],
  options: ClientOptions = {},
): Promise<unknown> {
  const { code, stdout, stderr } = await runAwsCli(server, args, options);
  if (code !== 0) throw new Error(`aws ${args.join(' ')} exited with ${code}: ${stderr}`);
  return stdout.trim() === '' ? undefined : JSON.parse(stdout);
}

/**
 * Runs a Python script with boto3. It has `client(service, **more)`, a client of the server under test, and `answer(value)`,
 * which prints the JSON that is returned. Throws with the traceback when it fails.
 */
export async function runBoto3(
  server: AwsTestServer,
  script: string,
  options: ClientOptions = {},
): Promise<unknown> {
  const program = `${PRELUDE}\n${script}`;
  const { code, stdout, stderr } = await runProgram(
    PYTHON,
    ['-c', program],
    clientEnvironment(server, options),
  );
  if (code !== 0) throw new Error(`the script exited with ${code}: ${stderr}`);
  return stdout.trim() === '' ? undefined : JSON.parse(stdout);
}

const PRELUDE = `
import json, os, boto3, botocore.config, botocore.exceptions
def client(service, **more):
    config = botocore.config.Config(retries={'total_max_attempts': 1}, **more.pop('config', {}))
    return boto3.client(service, endpoint_url=more.pop('endpoint', os.environ['FRAMELOG_ENDPOINT']), config=config, **more)
def answer(value):
    print(json.dumps(value, default=str))
`;

/** What Debian's clients need to know of the server. */
export function clientEnvironment(server: AwsTestServer, options: ClientOptions): Record<string, string> {
  const key = options.key ?? server.admin;
  return {
    PATH: '/usr/bin:/bin',
    // No configuration of whoever runs the tests.
    HOME: tmpdir(),
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ACCESS_KEY_ID: key.id,
    AWS_SECRET_ACCESS_KEY: key.secret,
    AWS_DEFAULT_REGION: server.region,
    AWS_MAX_ATTEMPTS: '1',
    FRAMELOG_ENDPOINT: server.endpoint,
    ...(options.newModels === false ? {} : { AWS_DATA_PATH: botocoreModels() }),
    ...options.env,
  };
}

function runProgram(
  command: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { env, timeout: LIMIT_MS, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}
