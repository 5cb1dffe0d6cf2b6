import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import {
  CreateSignalingChannelCommand,
  GetSignalingChannelEndpointCommand,
  KinesisVideoClient,
} from '@aws-sdk/client-kinesis-video';
import {
  GetIceServerConfigCommand,
  KinesisVideoSignalingClient,
  SendAlexaOfferToMasterCommand,
} from '@aws-sdk/client-kinesis-video-signaling';
import { pino } from 'pino';
import { startServer } from '../../../server/app.ts';
import { catalogPath, SqliteCatalog } from '../../../server/catalog/sqlite-catalog.ts';
import { makeConfig } from '../../../server/config.ts';
import { cMessage, jsMessage, PAYLOAD } from '../../unit/server/signaling/support.ts';
import { signUrl } from './support/sign-url.ts';
import {
  ADMIN,
  CAMERA,
  CHANNEL_ARN,
  queryOf,
  SignalingClient,
  seedSignaling,
  VIEWER,
} from './support/signaling-rig.ts';

const SECRET = 'shared with the TURN server';
const ANSWER = Buffer.from('{"type":"answer","sdp":"v=0"}').toString('base64');

/** The whole server, with a channel and its keys in the catalog. */
async function startWhole(t: TestContext) {
  const dataDir = mkdtempSync(join(tmpdir(), 'framelog-signaling-'));
  const catalog = SqliteCatalog.open(catalogPath(dataDir));
  seedSignaling(catalog);
  catalog.close();
  const config = makeConfig({
    dataDir,
    http: { port: 0 },
    rtmp: { port: 0 },
    signaling: { iceServers: { urls: 'stun:h:3478,turn:h:3478?transport=udp', secret: SECRET } },
  });
  const server = await startServer(config, { logger: pino({ level: 'silent' }), nowMs: Date.now });
  t.after(async () => {
    await server.close();
    rmSync(dataDir, { recursive: true });
  });
  return `127.0.0.1:${server.ports.http}`;
}

function clientOf(t: TestContext, host: string, credentials: typeof VIEWER) {
  const client = new KinesisVideoSignalingClient({
    endpoint: `http://${host}`,
    region: 'us-east-1',
    credentials,
    maxAttempts: 1,
  });
  t.after(() => client.destroy());
  return client;
}

describe('the signaling endpoint with the AWS SDK', () => {
  it('gives credentials for the configured TURN server', async (t) => {
    const host = await startWhole(t);
    const client = clientOf(t, host, VIEWER);
    const before = Math.floor(Date.now() / 1000);
    const { IceServerList } = await client.send(
      new GetIceServerConfigCommand({ ChannelARN: CHANNEL_ARN, ClientId: 'one', Service: 'TURN' }),
    );
    const [stun, turn] = IceServerList ?? [];
    assert.deepEqual(stun, { Uris: ['stun:h:3478'], Ttl: 300 });
    assert.deepEqual(turn?.Uris, ['turn:h:3478?transport=udp']);
    const [expiry = '', user] = turn?.Username?.split(':') ?? [];
    assert.equal(user, 'one');
    assert(Number(expiry) >= before + 300 && Number(expiry) <= before + 330);
    assert.equal(
      turn?.Password,
      createHmac('sha1', SECRET)
        .update(turn?.Username ?? '')
        .digest('base64'),
    );
    // A master may ask as well, and names nobody.
    const asMaster = await clientOf(t, host, CAMERA).send(
      new GetIceServerConfigCommand({ ChannelARN: CHANNEL_ARN }),
    );
    assert.equal(asMaster.IceServerList?.length, 2);
  });

  it('refuses wrong signatures, foreign channels and malformed requests', async (t) => {
    const host = await startWhole(t);
    const refused = async (input: { ChannelARN: string; ClientId?: string }, credentials = VIEWER) => {
      const error = await clientOf(t, host, credentials)
        .send(new GetIceServerConfigCommand(input))
        .then(
          () => undefined,
          (error: Error) => error.name,
        );
      return error;
    };
    assert.equal(await refused({ ChannelARN: 'nonsense' }), 'InvalidArgumentException');
    assert.equal(await refused({ ChannelARN: CHANNEL_ARN, ClientId: 'a b' }), 'InvalidArgumentException');
    assert.equal(await refused({ ChannelARN: `${CHANNEL_ARN}0` }), 'ResourceNotFoundException');
    assert.equal(
      await refused({ ChannelARN: CHANNEL_ARN.replace('door', 'yard') }),
      'NotAuthorizedException',
    );
    const wrong = { ...VIEWER, secretAccessKey: 'wrong' };
    assert.equal(await refused({ ChannelARN: CHANNEL_ARN }, wrong), 'InvalidSignatureException');
  });

  it('goes from an empty server to an answered offer as the WebRTC SDKs do', async (t) => {
    const host = await startWhole(t);
    const settings = { endpoint: `http://${host}`, region: 'us-east-1', credentials: ADMIN };
    const control = new KinesisVideoClient(settings);
    t.after(() => control.destroy());
    const { ChannelARN = '' } = await control.send(
      new CreateSignalingChannelCommand({ ChannelName: 'yard' }),
    );
    const connect = async (Role: 'MASTER' | 'VIEWER', clientId?: string) => {
      const { ResourceEndpointList = [] } = await control.send(
        new GetSignalingChannelEndpointCommand({
          ChannelARN,
          SingleMasterChannelEndpointConfiguration: { Protocols: ['WSS', 'HTTPS'], Role },
        }),
      );
      const endpoint = ResourceEndpointList.find(({ Protocol }) => Protocol === 'WSS')?.ResourceEndpoint;
      const client = new SignalingClient(signUrl(endpoint ?? '', queryOf(ChannelARN, clientId), ADMIN));
      t.after(() => client.socket.terminate());
      await once(client.socket, 'open');
      return client;
    };
    const viewer = await connect('VIEWER', 'one');
    viewer.socket.send(jsMessage('SDP_OFFER'));
    const master = await connect('MASTER');
    await master.received(1);
    master.socket.send(cMessage('SDP_ANSWER', 'one'));
    assert.deepEqual(await viewer.received(1), [{ messageType: 'SDP_ANSWER', messagePayload: PAYLOAD }]);
  });

  it('brings an offer to the master on its WebSocket, and its answer back', async (t) => {
    const host = await startWhole(t);
    const client = clientOf(t, host, VIEWER);
    const answer = client.send(
      new SendAlexaOfferToMasterCommand({
        ChannelARN: CHANNEL_ARN,
        SenderClientId: 'alexa',
        MessagePayload: PAYLOAD,
      }),
    );
    const master = new SignalingClient(signUrl(`ws://${host}`, queryOf(CHANNEL_ARN), CAMERA));
    t.after(() => master.socket.terminate());
    await once(master.socket, 'open');
    assert.deepEqual(await master.received(1), [
      { senderClientId: 'alexa', messageType: 'SDP_OFFER', messagePayload: PAYLOAD },
    ]);
    master.socket.send(
      JSON.stringify({ action: 'SDP_ANSWER', recipientClientId: 'alexa', messagePayload: ANSWER }),
    );
    assert.equal((await answer).Answer, ANSWER);
  });
});
