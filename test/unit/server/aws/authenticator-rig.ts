import type { IncomingMessage } from 'node:http';
import { AccessControl } from '../../../../server/access/access-control.ts';
import { AwsAuthenticator } from '../../../../server/aws/aws-authenticator.ts';
import { AwsError } from '../../../../server/aws/aws-call.ts';
import type { KeyRecord } from '../../../../server/catalog/catalog.ts';

/** Keys and secrets of AWS's own published examples. */
export const EXAMPLE_KEY = 'AKIDEXAMPLE';
export const EXAMPLE_SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
export const EXAMPLE_MS = Date.UTC(2015, 7, 30, 12, 36);

export interface RequestParts {
  readonly method?: string;
  readonly target?: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly remoteAddress?: string;
}

/** A request as node:http would hand it over, without a connection. */
export function messageOf({
  method = 'POST',
  target = '/',
  headers,
  remoteAddress,
}: RequestParts): IncomingMessage {
  const byName: Record<string, string> = {};
  for (let i = 0; i < headers.length; i += 2) byName[headers[i]?.toLowerCase() ?? ''] = headers[i + 1] ?? '';
  const message = {
    method,
    url: target,
    rawHeaders: [...headers],
    headers: byName,
    socket: { remoteAddress: remoteAddress ?? '192.0.2.1' },
  };
  return message as unknown as IncomingMessage;
}

/** An authenticator over a handful of keys that a test can change. */
export function authenticatorRig(options: { readonly open?: boolean; readonly region?: string } = {}) {
  const keys = new Map<string, KeyRecord>();
  const addKey = (id: string, secret: string, change: Partial<KeyRecord> = {}) => {
    keys.set(id, {
      id,
      name: id,
      secret,
      rights: [{ action: 'admin' }],
      createdMs: 0,
      expiresMs: null,
      revokedMs: null,
      ...change,
    });
  };
  addKey(EXAMPLE_KEY, EXAMPLE_SECRET);
  const settings = new Map<string, string>();
  const refused: string[] = [];
  const access = new AccessControl(
    {
      listKeys: () => [...keys.values()],
      key: (id) => keys.get(id),
      keyBySecret: () => undefined,
      insertKey: () => undefined,
      putKey: () => undefined,
      revokeKey: () => false,
      setting: (name) => settings.get(name),
      putSetting: (name, value) => void settings.set(name, value),
    },
    {
      open: options.open ?? false,
      sessionLifetimeMs: 1e9,
      loginLinkLifetimeMs: 1e9,
      onRefused: (reason) => refused.push(reason),
    },
  );
  return { authenticator: new AwsAuthenticator(access, options.region ?? 'us-east-1'), addKey, refused };
}

/** The AwsError that a call throws. */
export function awsErrorOf(call: () => unknown): AwsError {
  try {
    call();
  } catch (error) {
    if (error instanceof AwsError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
