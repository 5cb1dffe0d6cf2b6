import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clipPath, finished, pushWithFfmpeg } from '../../e2e/support/media.ts';
import { startHarness } from './harness.ts';

const CLIP = clipPath('parking-360p-h264.mp4');
const USER = 'FLAAAABBBBCCCCDDDDEE';
const PASSWORD = 'Zm9vYmFyYmF6';

/** A server with one key, which may publish `cam`. */
async function startLocked(t: Parameters<typeof startHarness>[0]) {
  const harness = await startHarness(t, { open: false });
  harness.access.users.set(USER, PASSWORD);
  harness.access.secrets.set(PASSWORD, (wish) => wish.action === 'publish' && wish.stream === 'cam');
  const urlOf = (userInfo: string, path: string) => `rtmp://${userInfo}127.0.0.1:${harness.port}/${path}`;
  const push = (userInfo: string, path: string, args = ['-c', 'copy', '-t', '2']) =>
    finished(pushWithFfmpeg(CLIP, urlOf(userInfo, path), { realTime: false, args }));
  return { harness, push };
}

describe('ffmpeg with user and password in its URL', () => {
  it('publishes when they are right', async (t) => {
    const { harness, push } = await startLocked(t);
    await push(`${USER}:${PASSWORD}@`, 'auth/cam');
    await harness.streams.until(() => harness.streams.last('cam')?.isEnded === true);
    assert((harness.streams.last('cam')?.samples.length ?? 0) > 50);
    const { challenges, refusedUsers, publications } = harness.server.counters;
    assert.deepEqual([challenges, refusedUsers, publications], [2, 0, 1]);
    assert(!harness.log.text.includes(PASSWORD));
  });

  it('is refused with a wrong password, an unknown user, none at all, or for another stream', async (t) => {
    const { harness, push } = await startLocked(t);
    await assert.rejects(push(`${USER}:wrong@`, 'auth/cam'), /Incorrect username\/password/);
    await assert.rejects(push('NOBODY:wrong@', 'auth/cam'), /Incorrect username\/password/);
    await assert.rejects(push('', 'auth/cam'), /No credentials set/);
    await assert.rejects(push(`${USER}:${PASSWORD}@`, 'auth/yard'), /may not publish/);
    assert.deepEqual(harness.access.wrongAnswers, [USER]);
    assert.equal(harness.server.counters.refusedUsers, 2);
    assert.equal(harness.streams.recordings.length, 0);
    assert.match(harness.log.text, /wrong password/);
    assert(!harness.log.text.includes('response='));
  });

  it('is let in at once in open mode', async (t) => {
    const harness = await startHarness(t);
    const url = `rtmp://any:body@127.0.0.1:${harness.port}/auth/cam`;
    await finished(pushWithFfmpeg(CLIP, url, { realTime: false, args: ['-c', 'copy', '-t', '1'] }));
    assert.equal(harness.server.counters.challenges, 0);
    assert.equal(harness.server.counters.publications, 1);
  });

  it('a key in the stream name counts for itself', async (t) => {
    const { push } = await startLocked(t);
    await assert.rejects(push(`${USER}:${PASSWORD}@`, 'auth/cam?key=wrong'), /not valid/);
  });
});
