import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeTrack } from '../../../../../fragments/media/describe-track.ts';
import type { LiveWindowReader } from '../../../../../fragments/stream/live-window.ts';
import { LivePlayer } from '../../../../../server/ingest/rtmp/live-player.ts';
import { MessageType, type OutgoingMessage } from '../../../../../server/ingest/rtmp/messages.ts';
import { FakeWindow } from '../../../../integration/rtmp/fake-streams.ts';

const TRACK = describeTrack({
  id: 2,
  kind: 'audio',
  codec: 'aac',
  timescale: 1000,
  config: Buffer.from('1190', 'hex'),
});

class Output {
  room = Infinity;
  readonly sent: Omit<OutgoingMessage, 'streamId'>[] = [];

  get hasRoom(): boolean {
    return this.room > 0;
  }

  send(message: Omit<OutgoingMessage, 'streamId'>): void {
    this.room--;
    this.sent.push(message);
  }

  /** Milliseconds of the frames sent, and `config` for each configuration. */
  get log(): (number | 'config')[] {
    return this.sent
      .filter((message) => message.typeId === MessageType.audio)
      .map((message) => (message.payload[0]?.[1] === 0 ? 'config' : message.timestampMs));
  }
}

function setUp() {
  const window = new FakeWindow();
  window.isLive = true;
  const output = new Output();
  const player = new LivePlayer(window as unknown as LiveWindowReader, output);
  const add = (dtsTicks: number) =>
    window.add(
      {
        trackId: 2,
        dtsTicks,
        compositionOffsetTicks: 0,
        durationTicks: 20,
        isSync: true,
        data: Buffer.of(1),
      },
      [TRACK],
    );
  return { window, output, player, add };
}

test('begins with the newest fragment and follows it', () => {
  const { window, output, player, add } = setUp();
  player.pump();
  assert.equal(output.sent.length, 0);
  add(5000);
  window.end();
  add(7000);
  add(7020);
  player.pump();
  assert.equal(output.sent[0]?.typeId, MessageType.dataAmf0);
  assert.deepEqual(output.log, ['config', 0, 20]);
  add(7040);
  player.pump();
  assert.deepEqual(output.log, ['config', 0, 20, 40]);
});

test('waits while there is no room and while it is paused', () => {
  const { output, player, add } = setUp();
  for (let ms = 0; ms < 200; ms += 20) add(ms);
  output.room = 4;
  player.pump();
  assert.deepEqual(output.log, ['config', 0, 20]);
  player.isPaused = true;
  output.room = 100;
  player.pump();
  assert.equal(output.log.length, 3);
  player.isPaused = false;
  player.pump();
  assert.equal(output.log.length, 11);
});

test("a new run goes on in the player's own time", () => {
  const { window, output, player, add } = setUp();
  add(90_000);
  add(90_020);
  player.pump();
  window.end();
  window.run++;
  add(0);
  add(20);
  player.pump();
  assert.deepEqual(output.log, ['config', 0, 20, 60, 80]);
});

test('one that fell out of the window goes on with the newest fragment', () => {
  const { window, output, player, add } = setUp();
  add(0);
  player.pump();
  window.end();
  for (let ms = 1000; ms <= 5000; ms += 1000) {
    add(ms);
    if (ms < 5000) window.end();
  }
  window.byOrdinal = (ordinal) => (ordinal < 4 ? undefined : window.fragments[ordinal]);
  player.pump();
  assert.equal(player.skips, 1);
  assert.deepEqual(output.log, ['config', 0, 5000]);
  window.isLive = false;
  window.end();
  player.pump();
  assert.equal(player.skips, 1);
});
