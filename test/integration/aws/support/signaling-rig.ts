import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { AccessControl } from '../../../../server/access/access-control.ts';
import { AwsAuthenticator } from '../../../../server/aws/aws-authenticator.ts';
import { CatalogSignalingChannels } from '../../../../server/aws/kinesis-video/catalog-signaling-channels.ts';
import { SignalingServer } from '../../../../server/aws/kinesis-video/signaling-server.ts';
import type { Right } from '../../../../server/catalog/catalog.ts';
import { SqliteCatalog } from '../../../../server/catalog/sqlite-catalog.ts';
import { createHttpServer } from '../../../../server/http/http-server.ts';
import { SignalingRelay } from '../../../../server/signaling/signaling-relay.ts';
import {
  DEFAULT_SIGNALING_SETTINGS,
  type SignalingSettings,
} from '../../../../server/signaling/signaling-settings.ts';
import { signUrl, type UrlSigner } from './sign-url.ts';

const ACCOUNT = { region: 'us-east-1', accountId: '000000000000' };
const CREATED_MS = 1_700_000_000_000;

export const CHANNEL_ARN = `arn:aws:kinesisvideo:us-east-1:000000000000:channel/door/${CREATED_MS}`;
export const CAMERA = { accessKeyId: 'CAMERACAMERACAMERA11', secretAccessKey: 'secret of the camera' };
export const VIEWER = { accessKeyId: 'VIEWERVIEWERVIEWER11', secretAccessKey: 'secret of the viewer' };

export const ADMIN = { accessKeyId: 'ADMINADMINADMINADMIN', secretAccessKey: 'secret of the admin' };

/** A connection of a client, with what it was told. */
export class SignalingClient {
  readonly socket: WebSocket;
  readonly messages: unknown[] = [];

  constructor(url: string) {
    this.socket = new WebSocket(url);
    this.socket.on('message', (data) => this.messages.push(JSON.parse(String(data))));
  }

  /** Waits until this many messages have come in all. */
  async received(count: number): Promise<unknown[]> {
    while (this.messages.length < count) await once(this.socket, 'message');
    return this.messages;
  }

  /** The close code, once it was closed. */
  async closed(): Promise<number> {
    const [code] = await once(this.socket, 'close');
    return Number(code);
  }
}

/** The signaling part with its real neighbours: catalog, keys, signatures, the HTTP port. */
export async function startSignaling(
  t: TestContext,
  options: { settings?: Partial<SignalingSettings>; pingMs?: number; nowMs?: () => number } = {},
) {
  const now = options.nowMs ?? Date.now;
  const folder = mkdtempSync(join(tmpdir(), 'framelog-signaling-'));
  const catalog = SqliteCatalog.open(join(folder, 'catalog.db'));
  seedSignaling(catalog);
  const access = new AccessControl(catalog, {
    open: false,
    sessionLifetimeMs: 1000,
    loginLinkLifetimeMs: 1000,
  });
  const logger = pino({ level: 'silent' });
  const relay = new SignalingRelay(new CatalogSignalingChannels(catalog.channels, ACCOUNT), {
    ...DEFAULT_SIGNALING_SETTINGS,
    ...options.settings,
  });
  const authenticator = new AwsAuthenticator(access, ACCOUNT.region);
  const signaling = new SignalingServer({
    relay,
    authenticate: (request, nowMs) =>
      authenticator.authenticateUpgrade(request, { service: 'kinesisvideo', nowMs }),
    logger,
    now,
    ...(options.pingMs === undefined ? {} : { pingMs: options.pingMs }),
  });
  const http = createHttpServer({
    host: '127.0.0.1',
    port: 0,
    mediaRoutes: [],
    upgradeRoutes: [signaling],
    fallback: (_request, response) => void response.end(),
    logger,
  });
  await http.listen();
  const endpoint = http.origin.replace('http', 'ws');
  const opened: WebSocket[] = [];
  t.after(async () => {
    signaling.close();
    for (const socket of opened) socket.terminate();
    await http.close(0);
    catalog.close();
    rmSync(folder, { recursive: true });
  });

  const open = (url: string): SignalingClient => {
    const client = new SignalingClient(url);
    opened.push(client.socket);
    return client;
  };
  return {
    catalog,
    relay,
    signaling,
    endpoint,
    /** Connects, and waits until it is connected. */
    async connect(clientId?: string, signer: UrlSigner = clientId === undefined ? CAMERA : VIEWER) {
      const client = open(signUrl(endpoint, queryOf(CHANNEL_ARN, clientId), signer));
      await once(client.socket, 'open');
      return client;
    },
    /** The answer to a handshake that is refused. */
    refusal,
  };
}

/** A channel, the keys of its camera, of a viewer and of an admin. */
export function seedSignaling(catalog: SqliteCatalog): void {
  const createdMs = CREATED_MS;
  catalog.channels.insert({
    name: 'door',
    createdMs,
    type: 'SINGLE_MASTER',
    messageTtlSeconds: 60,
    version: 1,
  });
  const insertKey = ({ accessKeyId: id, secretAccessKey: secret }: typeof CAMERA, right: Right) =>
    catalog.insertKey({
      id,
      name: id,
      secret,
      rights: [right],
      createdMs,
      expiresMs: null,
      revokedMs: null,
    });
  insertKey(CAMERA, { action: 'publish', stream: 'door' });
  insertKey(VIEWER, { action: 'view', stream: 'door' });
  insertKey(ADMIN, { action: 'admin' });
}

export function queryOf(channelArn: string, clientId?: string): Record<string, string> {
  return {
    'X-Amz-ChannelARN': channelArn,
    ...(clientId === undefined ? {} : { 'X-Amz-ClientId': clientId }),
  };
}

async function refusal(url: string, headers: Record<string, string> = {}) {
  const client = new WebSocket(url, { headers });
  client.on('error', () => undefined);
  const [, response] = (await once(client, 'unexpected-response')) as [unknown, IncomingMessage];
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  const body = Buffer.concat(pieces).toString();
  return {
    status: response.statusCode,
    type: response.headers['x-amzn-errortype'],
    hasDate: response.headers.date !== undefined,
    message: body === '' ? undefined : String((JSON.parse(body) as { Message: string }).Message),
  };
}
