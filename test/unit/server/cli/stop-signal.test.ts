import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const MODULE = fileURLToPath(new URL('../../../../server/cli/stop-signal.ts', import.meta.url));

/** A process that tells when it was asked to stop, and goes on closing until it is told to be done. */
function start() {
  const script = `import { aborted, stopSignal } from ${JSON.stringify(MODULE)};
    const stop = stopSignal();
    process.stdin.on('data', () => process.exit(0));
    console.log('ready');
    await aborted(stop);
    await aborted(stop);
    console.log(stop.reason);
    setTimeout(() => console.log('later'), 400);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => (await lines.next()).value;
  return { child, line, exited: once(child, 'exit') };
}

describe('stopSignal', () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    it(`is aborted by ${signal}; its echoes at the same moment do no harm`, async () => {
      const { child, line, exited } = start();
      assert.equal(await line(), 'ready');
      child.kill(signal);
      assert.equal(await line(), signal);
      child.kill('SIGINT');
      child.stdin.write('done');
      assert.deepEqual(await exited, [0, null]);
    });
  }

  it('ends the process at once with status 130 when it comes again later', async () => {
    const { child, line, exited } = start();
    assert.equal(await line(), 'ready');
    child.kill('SIGTERM');
    assert.equal(await line(), 'SIGTERM');
    assert.equal(await line(), 'later');
    child.kill('SIGTERM');
    assert.deepEqual(await exited, [130, null]);
  });
});
