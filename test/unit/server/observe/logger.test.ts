import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createLogger, type LoggerOptions } from '../../../../server/observe/logger.ts';
import { prettyLine } from '../../../../server/observe/pretty-line.ts';

function logOf(
  options: Partial<LoggerOptions>,
  write: (logger: ReturnType<typeof createLogger>) => void,
): string[] {
  const lines: string[] = [];
  write(
    createLogger({ level: 'info', pretty: false, ...options }, { write: (line) => void lines.push(line) }),
  );
  return lines;
}

describe('the logger', () => {
  it('writes a JSON line an event, with the level in words and the time in ISO 8601', () => {
    const [line = ''] = logOf({}, (logger) => logger.info({ stream: 'cam' }, 'published'));
    const { time, ...rest } = JSON.parse(line);
    assert.deepEqual(rest, { level: 'info', stream: 'cam', msg: 'published' });
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('leaves out what is below its level', () => {
    const lines = logOf({ level: 'warn' }, (logger) => {
      logger.info('quiet');
      logger.error('loud');
    });
    assert.equal(lines.length, 1);
  });

  it('hides secrets in messages, members and errors', () => {
    const lines = logOf({}, (logger) => {
      logger.info('GET /x?token=hidden');
      logger.info({ url: 'rtmp://h/live/cam?key=hidden' }, 'publish');
      logger.child({ address: 'rtmp://hidden:hidden@h' }).error({ err: new Error('?secret=hidden') }, 'bad');
    });
    assert.equal(lines.length, 3);
    for (const line of lines) {
      assert.ok(!line.includes('hidden'), line);
      JSON.parse(line);
    }
  });

  it('writes for people when asked to', () => {
    const [line = '', failure = ''] = logOf({ pretty: true }, (logger) => {
      logger.warn({ stream: 'cam', count: 3, list: [1] }, 'late');
      logger.error({ err: new Error('broken') }, 'failed');
    });
    assert.match(line, /^\d\d:\d\d:\d\d\.\d{3} WARN {2}late stream=cam count=3 list=\[1\]\n$/);
    assert.match(failure, /ERROR failed\n {2}Error: broken\n {6}at .*\n$/s);
    assert.equal(prettyLine('not JSON\n'), 'not JSON\n');
  });

  it('writes to stderr, and all of it when the process exits at once', () => {
    const module = fileURLToPath(new URL('../../../../server/observe/logger.ts', import.meta.url));
    const script = `import { createLogger } from ${JSON.stringify(module)};
      const logger = createLogger({ level: 'info', pretty: false });
      for (let n = 0; n < 500; n++) logger.info({ n }, 'line');
      process.exit(0);`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    assert.equal(stdout, '');
    assert.equal(stderr.trim().split('\n').length, 500);
  });
});
