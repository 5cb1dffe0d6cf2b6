import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from '../../e2e/support/until.ts';
import { framelog } from '../../unit/server/cli/support/framelog.ts';
import { startAwsServer } from '../aws/support/aws-server.ts';
import { pushByRtmp } from '../aws/support/rtmp-clip.ts';
import { supervisorOf } from '../detection/support/worker-rig.ts';

const CLIP = fileURLToPath(new URL('../../../samples/demo.mp4', import.meta.url));

test('framelog detect looks through a recording of a running server; framelog jobs tells of it', async (t) => {
  const server = await startAwsServer(t, {}, { detectionSupervisor: supervisorOf(t) });
  const at = ['--server', server.endpoint, '--key', server.admin.secret];
  await pushByRtmp(server, 'yard', CLIP);
  const missing = await framelog(['detect', 'nowhere', ...at]);
  assert.deepEqual(missing, { status: 1, stdout: '', stderr: 'framelog: There is no stream nowhere.\n' });

  const job = await until('the whole recording', async () => {
    const done = await framelog(['detect', 'yard', '--model', 'counter', '--json', ...at]);
    const { fragments } = done.status === 0 ? JSON.parse(done.stdout).progress : { fragments: 0 };
    return fragments === 10 && JSON.parse(done.stdout);
  });
  assert.equal(job.state, 'done');
  assert.equal(job.progress.frames, 10);
  assert.ok(job.progress.events > 0);

  const list = await framelog(['jobs', 'list', ...at]);
  assert.match(list.stdout, new RegExp(`${job.id} +done +yard +counter .*100 %, 10 frames, \\d+ events`));
  const cancelled = await framelog(['jobs', 'cancel', job.id, ...at]);
  assert.equal(cancelled.status, 1);
  assert.match(cancelled.stderr, /The job is done already/);
  const stranger = await framelog(['jobs', 'list', '--server', server.endpoint, '--key', 'wrong']);
  assert.match(stranger.stderr, /not known\. Give --key SECRET/);
  assert.equal(stranger.status, 1);

  const narrow = await framelog(['detect', 'yard', '--from', '2001-01-01T00:00:00Z', '--to', '9999d', ...at]);
  assert.match(narrow.stderr, /from: must be before to|recorded nothing/);
});
