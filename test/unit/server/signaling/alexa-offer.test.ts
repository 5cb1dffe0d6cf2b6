import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { offerToMaster } from '../../../../server/signaling/alexa-offer.ts';
import { SignalingError } from '../../../../server/signaling/signaling-error.ts';
import { ARN, jsMessage, PAYLOAD, relayWith } from './support.ts';

const ANSWER = Buffer.from('{"type":"answer","sdp":"v=0"}').toString('base64');
const offer = { channelArn: ARN, senderClientId: 'alexa', payload: PAYLOAD, waitMs: 60_000 };

function never(): AbortSignal {
  return new AbortController().signal;
}

describe('an offer without a WebSocket', () => {
  it('gets the answer of the master', async () => {
    const { relay, join } = relayWith();
    const master = join();
    const answer = offerToMaster(relay, offer, { nowMs: 0, signal: never() });
    assert.deepEqual(master.peer.messages, [
      { senderClientId: 'alexa', messageType: 'SDP_OFFER', messagePayload: PAYLOAD },
    ]);
    master.member.receive(jsMessage('ICE_CANDIDATE', { recipientClientId: 'alexa' }), 1);
    master.member.receive(jsMessage('SDP_ANSWER', { recipientClientId: 'alexa', messagePayload: ANSWER }), 2);
    assert.equal(await answer, ANSWER);
    assert.equal(relay.counters.viewers, 0);
  });

  it('waits for a master that is absent, and then for nobody', async () => {
    const { relay, join } = relayWith();
    const answer = offerToMaster(relay, offer, { nowMs: 0, signal: never() });
    const master = join();
    assert.equal(master.peer.texts.length, 1);
    master.member.receive(jsMessage('SDP_ANSWER', { recipientClientId: 'alexa', messagePayload: ANSWER }), 2);
    assert.equal(await answer, ANSWER);

    assert.equal(
      await offerToMaster(relay, { ...offer, waitMs: 1 }, { nowMs: 0, signal: never() }),
      undefined,
    );
    const cut = offerToMaster(relay, offer, { nowMs: 0, signal: never() });
    relay.close();
    assert.equal(await cut, undefined);
    assert.equal(relay.counters.viewers, 0);
  });

  it('ends when its caller hangs up, and is refused where too much waits', async () => {
    const { relay } = relayWith({ held: { maxMessages: 0, maxBytes: 0 } });
    await assert.rejects(offerToMaster(relay, offer, { nowMs: 0, signal: never() }), (error) => {
      return error instanceof SignalingError && error.code === 'ClientLimitExceededException';
    });
    const roomy = relayWith();
    const controller = new AbortController();
    const answer = offerToMaster(roomy.relay, offer, { nowMs: 0, signal: controller.signal });
    controller.abort(new Error('hung up'));
    await assert.rejects(answer, /hung up/);
    assert.equal(roomy.relay.counters.viewers, 0);
  });
});
