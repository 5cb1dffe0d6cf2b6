import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SignalingError } from '../../../../server/signaling/signaling-error.ts';
import { ARN, cMessage, FakePeer, jsMessage, PAYLOAD, relayWith } from './support.ts';

const GO_AWAY = { messageType: 'GO_AWAY' };

function refused(code: string) {
  return (error: unknown) => error instanceof SignalingError && error.code === code;
}

describe('the relay of a signaling channel', () => {
  it('hands messages of viewers to the master under their client id, and back without one', () => {
    const { join, relay } = relayWith();
    const [master, one, two] = [join(), join('one'), join('two')];
    one.member.receive(jsMessage('SDP_OFFER', { correlationId: 'x' }), 1);
    two.member.receive(cMessage('ICE_CANDIDATE', 'ProducerMaster'), 2);
    assert.deepEqual(master.peer.messages, [
      { senderClientId: 'one', messageType: 'SDP_OFFER', messagePayload: PAYLOAD },
      { senderClientId: 'two', messageType: 'ICE_CANDIDATE', messagePayload: PAYLOAD },
    ]);
    master.member.receive(cMessage('SDP_ANSWER', 'one', '7'), 3);
    master.member.receive(jsMessage('ICE_CANDIDATE', { recipientClientId: 'two' }), 4);
    assert.deepEqual(one.peer.messages, [{ messageType: 'SDP_ANSWER', messagePayload: PAYLOAD }]);
    assert.deepEqual(two.peer.messages, [{ messageType: 'ICE_CANDIDATE', messagePayload: PAYLOAD }]);
    assert.equal(relay.counters.relayed, 4);
  });

  it('hands on the ICE servers of an offer, in known members only', () => {
    const { join } = relayWith();
    const [master, viewer] = [join(), join('one')];
    const server = { Password: 'p', Ttl: 60, Uris: ['turn:h'], Username: 'u' };
    viewer.member.receive(jsMessage('SDP_OFFER', { IceServerList: [{ ...server, extra: 1 }] }), 0);
    assert.deepEqual(master.peer.messages, [
      { senderClientId: 'one', messageType: 'SDP_OFFER', messagePayload: PAYLOAD, IceServerList: [server] },
    ]);
  });

  it('answers failures of messages with a correlation id, and nothing else', () => {
    const { join, relay } = relayWith();
    const master = join();
    for (const text of ['garbage', jsMessage('SDP_ANSWER'), jsMessage('NO', { recipientClientId: 'v' })]) {
      master.member.receive(text, 0);
    }
    assert.deepEqual(master.peer.texts, []);
    master.member.receive(jsMessage('SDP_ANSWER', { correlationId: 'x' }), 0);
    assert.deepEqual(master.peer.messages, [
      {
        messageType: 'STATUS_RESPONSE',
        statusResponse: {
          correlationId: 'x',
          errorType: 'InvalidArgumentException',
          statusCode: '400',
          description: 'A master must name the recipientClientId.',
        },
      },
    ]);
    assert.equal(relay.counters.badMessages, 4);
  });

  it('holds messages for absent peers, in order, for the TTL of the channel', () => {
    const { join, relay, channels } = relayWith();
    const viewer = join('one');
    viewer.member.receive(jsMessage('SDP_OFFER'), 0);
    viewer.member.receive(jsMessage('ICE_CANDIDATE'), 30_000);
    viewer.member.receive(jsMessage('ICE_CANDIDATE'), 40_000);
    const master = join(undefined, 60_000);
    assert.deepEqual(
      master.peer.messages.map((message) => (message as { messageType: string }).messageType),
      ['ICE_CANDIDATE', 'ICE_CANDIDATE'],
    );
    assert.deepEqual([relay.counters.held, relay.counters.delivered, relay.counters.expired], [3, 2, 1]);

    master.member.receive(jsMessage('SDP_OFFER', { recipientClientId: 'late' }), 60_000);
    assert(relay.heldBytes > 0);
    channels.set(ARN, { name: 'door', arn: ARN, messageTtlMs: 5000 });
    relay.tick(60_001);
    master.member.receive(jsMessage('SDP_OFFER', { recipientClientId: 'other' }), 60_002);
    relay.tick(65_002);
    assert.equal(relay.counters.expired, 2);
    assert.equal(join('late', 65_003).peer.texts.length, 1);
    assert.equal(join('other', 65_003).peer.texts.length, 0);
    assert.equal(relay.heldBytes, 0);
  });

  it('holds a bounded number of messages and bytes, of a channel and in all', () => {
    const size = JSON.stringify({
      senderClientId: 'v',
      messageType: 'SDP_OFFER',
      messagePayload: PAYLOAD,
    }).length;
    for (const settings of [
      { held: { maxMessages: 2, maxBytes: 1 << 20 } },
      { held: { maxMessages: 100, maxBytes: 2 * size } },
      { totalHeldBytes: 2 * size + 1 },
    ]) {
      const { join, relay } = relayWith(settings);
      const viewer = join('v');
      for (const correlationId of ['a', 'b', 'c']) {
        viewer.member.receive(jsMessage('SDP_OFFER', { correlationId }), 0);
      }
      assert.match(
        viewer.peer.texts.join(),
        /"correlationId":"c","errorType":"ClientLimitExceededException"/,
      );
      assert.equal(viewer.peer.texts.length, 1);
      assert.deepEqual([relay.counters.held, relay.counters.overflowed], [2, 1]);
    }
  });

  it('a second master replaces the first, which is told to go away first', () => {
    const { join, relay } = relayWith();
    const first = join();
    const viewer = join('v');
    const second = join();
    assert.deepEqual([first.peer.messages, first.peer.ended], [[GO_AWAY], 'replaced']);
    viewer.member.receive(jsMessage('SDP_OFFER'), 1);
    assert.equal(second.peer.texts.length, 1);
    // What the first one still says, and that it hangs up, changes nothing.
    first.member.receive(jsMessage('SDP_ANSWER', { recipientClientId: 'v' }), 2);
    first.member.leave();
    assert.deepEqual(viewer.peer.texts, []);
    assert.deepEqual([relay.counters.masters, relay.counters.viewers], [1, 1]);
    assert.equal(relay.counters.ended.replaced, 1);
  });

  it('a viewer replaces the older one of its client id, also in a full channel', () => {
    const { join } = relayWith({ maxViewers: 2 });
    const old = join('one');
    join('two');
    assert.throws(() => join('three'), refused('ClientLimitExceededException'));
    const master = join();
    const young = join('one');
    assert.deepEqual([old.peer.messages, old.peer.ended], [[], 'replaced']);
    master.member.receive(jsMessage('SDP_ANSWER', { recipientClientId: 'one' }), 0);
    assert.equal(young.peer.texts.length, 1);
    young.member.leave();
    join('three');
  });

  it('ends connections that are silent; messages in either direction and pings keep them', () => {
    const { join, relay } = relayWith({ idleMs: 1000 });
    const [master, speaker, pinger, silent] = [join(), join('speaker'), join('pinger'), join('silent')];
    pinger.member.touch(900);
    speaker.member.receive(jsMessage('SDP_OFFER'), 900);
    relay.tick(1000);
    assert.deepEqual(
      [master, speaker, pinger, silent].map(({ peer }) => peer.ended),
      [undefined, undefined, undefined, 'idle'],
    );
    relay.tick(1900);
    assert.equal(relay.counters.ended.idle, 4);
    assert.deepEqual([relay.counters.masters, relay.counters.viewers], [0, 0]);
  });

  it('tells old connections to go away, and ends them a minute later', () => {
    const { join, relay } = relayWith({ maxConnectionMs: 3_600_000, idleMs: null });
    const { peer } = join();
    relay.tick(3_599_999);
    assert.deepEqual(peer.messages, []);
    relay.tick(3_600_000);
    relay.tick(3_659_999);
    assert.deepEqual([peer.messages, peer.ended], [[GO_AWAY], undefined]);
    relay.tick(3_660_000);
    assert.equal(peer.ended, 'expired');
  });

  it('keeps to the configured rates of connections and messages', () => {
    const { join, relay } = relayWith({ connectsPerSecond: 2, sdpPerSecond: 1, icePerSecond: 2 });
    const master = join();
    const viewer = join('a');
    join('b');
    assert.throws(() => join('c'), refused('ClientLimitExceededException'));
    join('c', 500);
    viewer.member.receive(jsMessage('SDP_OFFER'), 0);
    viewer.member.receive(jsMessage('SDP_OFFER', { correlationId: 'x' }), 999);
    viewer.member.receive(jsMessage('SDP_OFFER'), 1000);
    for (const atMs of [1000, 1000, 1000]) viewer.member.receive(jsMessage('ICE_CANDIDATE'), atMs);
    assert.equal(master.peer.texts.length, 4);
    assert.match(viewer.peer.texts.join(), /"correlationId":"x","errorType":"ClientLimitExceededException"/);
    assert.equal(relay.counters.rateLimited, 2);
  });

  it('ends everything when the channel is deleted or the server closes', () => {
    const { join, relay, channels } = relayWith();
    const [master, viewer] = [join(), join('v')];
    master.member.receive(jsMessage('SDP_OFFER', { recipientClientId: 'absent' }), 0);
    channels.clear();
    relay.tick(1);
    assert.deepEqual([master.peer.ended, viewer.peer.ended, relay.heldBytes], ['deleted', 'deleted', 0]);
    assert.throws(() => join(), refused('ResourceNotFoundException'));

    channels.set(ARN, { name: 'door', arn: ARN, messageTtlMs: 60_000 });
    const last = join();
    relay.close();
    assert.deepEqual([last.peer.messages, last.peer.ended], [[GO_AWAY], 'closing']);
  });

  it('a peer that leaves is gone once', () => {
    const { join, relay } = relayWith();
    const { member } = join('v');
    member.leave();
    member.leave();
    assert.equal(relay.counters.viewers, 0);
    const peer = new FakePeer();
    relay.join(ARN, { role: 'viewer', clientId: 'v' }, peer, 0);
    member.receive(jsMessage('SDP_OFFER'), 0);
    assert.equal(relay.counters.held, 0);
  });
});
