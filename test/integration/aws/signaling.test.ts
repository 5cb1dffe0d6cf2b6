import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import type { WebSocket } from 'ws';
import { until } from '../../e2e/support/until.ts';
import { cMessage, jsMessage, PAYLOAD } from '../../unit/server/signaling/support.ts';
import { signUrl } from './support/sign-url.ts';
import { CAMERA, CHANNEL_ARN, queryOf, startSignaling, VIEWER } from './support/signaling-rig.ts';

const GO_AWAY = { messageType: 'GO_AWAY' };

describe('signaling over WebSocket', () => {
  it('relays an offer, an answer and candidates between the wire forms of webrtc-js and webrtc-c', async (t) => {
    const { connect } = await startSignaling(t);
    // C signs for a week at most and with a session token; JS for 299 s.
    const master = await connect(undefined, { ...CAMERA, expiresS: 604_800, sessionToken: 'to/ken+=' });
    const viewer = await connect('viewer-1');
    viewer.socket.send(jsMessage('SDP_OFFER', { correlationId: 'x' }));
    viewer.socket.send(cMessage('ICE_CANDIDATE', 'ProducerMaster', '5'));
    assert.deepEqual(await master.received(2), [
      { senderClientId: 'viewer-1', messageType: 'SDP_OFFER', messagePayload: PAYLOAD },
      { senderClientId: 'viewer-1', messageType: 'ICE_CANDIDATE', messagePayload: PAYLOAD },
    ]);
    master.socket.send(cMessage('SDP_ANSWER', 'viewer-1', '6'));
    master.socket.send(jsMessage('ICE_CANDIDATE', { recipientClientId: 'viewer-1' }));
    assert.deepEqual(await viewer.received(2), [
      { messageType: 'SDP_ANSWER', messagePayload: PAYLOAD },
      { messageType: 'ICE_CANDIDATE', messagePayload: PAYLOAD },
    ]);
    master.socket.send(jsMessage('SDP_ANSWER', { correlationId: 'y' }));
    assert.match(
      JSON.stringify(await master.received(3)),
      /"correlationId":"y","errorType":"InvalidArgumentException","statusCode":"400"/,
    );
  });

  it('holds messages until the master comes, and serves more than ten viewers', async (t) => {
    const { connect, relay } = await startSignaling(t);
    const viewers = await Promise.all(Array.from({ length: 15 }, (_, index) => connect(`viewer-${index}`)));
    for (const viewer of viewers) viewer.socket.send(jsMessage('SDP_OFFER'));
    await until('held offers', () => relay.counters.held === 15);
    const master = await connect();
    assert.equal((await master.received(15)).length, 15);
    for (const [index, viewer] of viewers.entries()) {
      master.socket.send(jsMessage('SDP_ANSWER', { recipientClientId: `viewer-${index}` }));
      assert.equal((await viewer.received(1)).length, 1);
    }
  });

  it('a second master replaces the first, and a viewer the older one of its client id', async (t) => {
    const { connect } = await startSignaling(t);
    const [first, old] = [await connect(), await connect('one')];
    const closed = [first.closed(), old.closed()];
    const [second, young] = [await connect(), await connect('one')];
    assert.deepEqual(await Promise.all(closed), [1000, 1000]);
    assert.deepEqual([first.messages, old.messages], [[GO_AWAY], []]);
    young.socket.send(jsMessage('SDP_OFFER'));
    await second.received(1);
  });

  it('refuses handshakes with the errors of the API', async (t) => {
    const { endpoint, refusal, connect, relay } = await startSignaling(t, { settings: { maxViewers: 1 } });
    const asked = async (query: Record<string, string>, signer = VIEWER, more = {}) => {
      const { status, type, hasDate, message } = await refusal(
        signUrl(endpoint, query, { ...signer, ...more }),
      );
      assert(hasDate);
      return `${status} ${String(type)} ${message ?? ''}`;
    };
    assert.match(await asked({}), /^400 InvalidArgumentException/);
    assert.match(
      await asked(queryOf('arn:aws:kinesisvideo:us-east-1:000000000000:stream/door/1')),
      /^400 Inv/,
    );
    assert.match(await asked(queryOf(CHANNEL_ARN, 'AWS_x')), /^400 InvalidArgumentException X-Amz-ClientId/);
    assert.match(await asked(queryOf(CHANNEL_ARN, '')), /^400 InvalidArgumentException/);
    assert.match(await asked(queryOf(`${CHANNEL_ARN}0`, 'a')), /^404 ResourceNotFoundException/);
    assert.match(await asked(queryOf(CHANNEL_ARN.replace('us-east-1', 'us-east-2'), 'a')), /^404 Res/);
    assert.match(
      await asked(queryOf(CHANNEL_ARN.replace('door', 'yard'), 'a')),
      /^403 AccessDeniedException/,
    );
    assert.match(await asked(queryOf(CHANNEL_ARN)), /^403 AccessDeniedException/);
    assert.match(await asked(queryOf(CHANNEL_ARN, 'a'), CAMERA), /^403 AccessDeniedException/);
    const wrong = { ...VIEWER, secretAccessKey: 'wrong' };
    assert.match(await asked(queryOf(CHANNEL_ARN, 'a'), wrong), /^403 AccessDeniedException .*signature/);
    const unknown = { ...VIEWER, accessKeyId: 'NOBODYNOBODYNOBODY11' };
    assert.match(await asked(queryOf(CHANNEL_ARN, 'a'), unknown), /^403 AccessDeniedException/);
    const late = { nowMs: Date.now() - 3_600_000 };
    assert.match(
      await asked(queryOf(CHANNEL_ARN, 'a'), VIEWER, late),
      /^403 AccessDeniedException Signature expired/,
    );
    const early = { nowMs: Date.now() + 3_600_000 };
    assert.match(
      await asked(queryOf(CHANNEL_ARN, 'a'), VIEWER, early),
      /^403 AccessDeniedException Signature not yet current/,
    );
    const unsigned = `${endpoint}/?X-Amz-ChannelARN=${encodeURIComponent(CHANNEL_ARN)}`;
    assert.equal((await refusal(unsigned)).status, 403);
    assert.equal((await refusal(`${endpoint}/other`)).status, 404);

    await connect('one');
    assert.match(await asked(queryOf(CHANNEL_ARN, 'two')), /^400 ClientLimitExceededException/);
    await connect('one');
    assert.deepEqual(relay.counters.refusedHandshakes, {
      InvalidArgumentException: 4,
      ClientLimitExceededException: 1,
      AccessDeniedException: 8,
      ResourceNotFoundException: 2,
    });
  });

  it('hangs up on frames that are too long, binary, or no frames', async (t) => {
    const { connect: join, relay } = await startSignaling(t);
    const [long, binary, broken] = await Promise.all([join('a'), join('b'), join('c')]);
    const closed = Promise.all([long.closed(), binary.closed()]);
    long.socket.send('x'.repeat(65 * 1024));
    binary.socket.send(Buffer.from('{}'));
    assert.deepEqual(await closed, [1009, 1003]);
    const gone = broken.closed();
    // All reserved bits set, and an opcode that there is not.
    rawSocketOf(broken.socket).write(Buffer.from([0xff, 0xff, 0xff]));
    await gone;
    await until('the viewers to leave', () => relay.counters.viewers === 0);
    assert.equal(relay.counters.ended.protocol, 3);
  });

  it('refuses what is no WebSocket handshake without leaving a trace', async (t) => {
    const { endpoint, relay } = await startSignaling(t);
    const url = new URL(signUrl(endpoint, queryOf(CHANNEL_ARN, 'a'), VIEWER));
    const socket = connect(Number(url.port), '127.0.0.1');
    socket.write(
      `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\n\r\n`,
    );
    let text = '';
    for await (const piece of socket) text += String(piece);
    assert.match(text, /^HTTP\/1.1 400 /);
    assert.equal(relay.counters.viewers, 0);
  });

  it('ends connections whose peer does not answer pings, and those of revoked keys', async (t) => {
    const { connect, catalog, relay } = await startSignaling(t, { pingMs: 20 });
    const dead = await connect('dead');
    // It reads no more, and so answers no pings.
    dead.socket.pause();
    await until('the dead peer to be found', () => relay.counters.ended.dead === 1);
    const viewer = await connect('alive');
    const [code] = await Promise.all([
      viewer.closed(),
      once(viewer.socket, 'ping').then(() => catalog.revokeKey(VIEWER.accessKeyId, Date.now())),
    ]);
    assert.equal(code, 1008);
    assert.equal(relay.counters.ended.revoked, 1);
  });

  it('ends connections that are idle, and tells all to go when the server closes', async (t) => {
    let nowMs = Date.now();
    const { connect, relay, signaling } = await startSignaling(t, { nowMs: () => nowMs });
    const [silent, alive] = [await connect('silent'), await connect('alive')];
    nowMs += 599_000;
    alive.socket.ping();
    await once(alive.socket, 'pong');
    nowMs += 1000;
    const idle = silent.closed();
    relay.tick(nowMs);
    assert.equal(await idle, 1001);
    const gone = alive.closed();
    signaling.close();
    assert.equal(await gone, 1001);
    assert.deepEqual(alive.messages, [GO_AWAY]);
  });
});

/** The TCP socket below a WebSocket, for bytes that are no frames. */
function rawSocketOf(socket: WebSocket): Socket {
  return (socket as unknown as { readonly _socket: Socket })._socket;
}
