import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AdobeAuth, answerTo, speaksAdobeAuth } from '../../../../../server/ingest/rtmp/adobe-auth.ts';
import { FakeAccess } from '../../../../integration/rtmp/fake-streams.ts';

const ADDRESS = '192.0.2.1';
const NOW_MS = 1_800_000_000_000;
const USER = 'CAMERA';
const PASSWORD = 'pass+word/=';

function rig(open = false) {
  const access = new FakeAccess({ open });
  access.users.set(USER, PASSWORD);
  access.secrets.set(PASSWORD, () => true);
  const auth = new AdobeAuth(access);
  const judge = (app: string, nowMs = NOW_MS) => auth.judge(app, ADDRESS, nowMs);
  /** The application of the connection that answers the challenge. */
  const answer = (user: string, password: string, nowMs = NOW_MS): string => {
    const verdict = judge(`auth?authmod=adobe&user=${user}`, nowMs);
    assert.equal(verdict.type, 'challenged');
    const { description } = verdict as { description: string };
    assert(description.length < 300, 'ffmpeg takes no more');
    assert.match(description, /^\[ AccessManager\.Reject \] : \[ authmod=adobe \] : \?reason=needauth&/);
    const value = (name: string) => new RegExp(`[?&]${name}=([^&]*)`).exec(description)?.[1] ?? '';
    assert.equal(value('user'), user);
    const challenge = value('opaque');
    assert.equal(value('challenge'), challenge, 'clients may hash either');
    const response = answerTo({
      user,
      salt: value('salt'),
      password,
      challenge,
      clientChallenge: '0badcafe',
    });
    return `auth?authmod=adobe&user=${user}&challenge=0badcafe&response=${response}&opaque=${challenge}`;
  };
  return { access, judge, answer };
}

describe('user and password over RTMP', () => {
  it('asks who comes without, challenges who names a user, and takes the right answer', () => {
    const { judge, answer } = rig();
    const first = judge('auth');
    assert.deepEqual(first, {
      type: 'challenged',
      description: '[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ',
    });
    const verdict = judge(answer(USER, PASSWORD));
    assert.equal(verdict.type, 'accepted');
  });

  it('answers as ffmpeg does', () => {
    // From the algorithm of libavformat/rtmpproto.c do_adobe_auth: base64(md5(base64(md5(user salt password)) opaque challenge)).
    const parts = { user: 'u', salt: 's', password: 'p', challenge: 'o', clientChallenge: '00000001' };
    assert.equal(answerTo(parts), 'tx2znV9QrSDis3qFeDvqXA==');
  });

  it('refuses wrong passwords and counts them, and unknown users, telling neither apart', () => {
    const { access, judge, answer } = rig();
    const wrong = judge(answer(USER, 'guess'));
    const unknown = judge(answer('NOBODY', 'guess'));
    for (const verdict of [wrong, unknown]) {
      assert.equal(verdict.type, 'refused');
      assert.match((verdict as { description: string }).description, /\?reason=authfailed$/);
    }
    assert.deepEqual(access.wrongAnswers, [USER]);
  });

  it('takes an answer once, for a minute, from the user it was made for', () => {
    const { judge, answer } = rig();
    const app = answer(USER, PASSWORD);
    assert.equal(judge(app.replace(`user=${USER}`, 'user=OTHER')).type, 'refused');
    assert.equal(judge(app, NOW_MS + 60_001).type, 'refused');
    assert.equal(judge(app, NOW_MS - 1).type, 'refused');
    assert.equal(judge(app, NOW_MS + 60_000).type, 'accepted');
    assert.equal(judge(app, NOW_MS + 60_000).type, 'refused');
    assert.equal(judge(app.replace(/opaque=.{12}/, 'opaque=ffffffffffff')).type, 'refused');
    assert.equal(judge(app.replace(/&opaque=.*/, '')).type, 'refused');
  });

  it('refuses other methods and malformed users, and asks nobody in open mode', () => {
    const { judge } = rig();
    assert.equal(judge('auth?authmod=llnw&user=x').type, 'refused');
    for (const user of ['a b', 'a%26', 'x'.repeat(129), '']) {
      assert.equal(judge(`auth?authmod=adobe&user=${user}`).type, 'refused', user);
    }
    assert.equal(rig(true).judge('auth').type, 'accepted');
  });
});

it('only an application with authmod= speaks it', () => {
  assert(speaksAdobeAuth('live?authmod=adobe&user=x'));
  for (const app of ['live', 'live?key=x', 'authmod=adobe', 'live?x=authmod=']) assert(!speaksAdobeAuth(app));
});
