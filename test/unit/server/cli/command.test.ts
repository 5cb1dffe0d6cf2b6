import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defineCommand, parseCommandLine } from '../../../../server/cli/command.ts';
import { commandHelp } from '../../../../server/cli/help.ts';
import { UsageError } from '../../../../server/cli/usage-error.ts';

const command = defineCommand({
  positionals: ['FILE', 'URL'],
  options: {
    loop: { type: 'boolean', help: 'Again and again.' },
    data: { type: 'string', value: 'DIR', help: 'The folder.' },
    set: { type: 'string', multiple: true, value: 'NAME=VALUE', help: 'A setting.' },
  },
  details: 'More words.',
  examples: [{ line: 'framelog try a b', what: 'An example.' }],
  run: async () => 0,
});

const parse = (...args: string[]) => parseCommandLine(command, args);
const refusal = (...args: string[]): string => {
  try {
    parse(...args);
  } catch (error) {
    assert.ok(error instanceof UsageError);
    return error.message;
  }
  return assert.fail('was taken');
};

describe('parseCommandLine', () => {
  it('reads flags and arguments in any order', () => {
    const { options, positionals, wantsHelp } = parse(
      'a',
      '--loop',
      '--data=d',
      'b',
      '--set',
      'x=1',
      '--set=y=2',
    );
    assert.deepEqual({ ...options }, { loop: true, data: 'd', set: ['x=1', 'y=2'] });
    assert.deepEqual(positionals, ['a', 'b']);
    assert.equal(wantsHelp, false);
    assert.deepEqual(parse('--', '--loop', 'b').positionals, ['--loop', 'b']);
  });

  it('says what is wrong, and what was probably meant', () => {
    assert.equal(refusal('a', 'b', '--lopp'), 'unknown option --lopp; did you mean --loop?');
    assert.equal(refusal('a', 'b', '--zzzzzzzz'), 'unknown option --zzzzzzzz');
    assert.equal(refusal('a', 'b', '-x'), 'unknown option -x');
    assert.equal(refusal('a', 'b', '--toString'), 'unknown option --toString');
    assert.equal(refusal('a', 'b', '--data'), '--data needs a value: --data DIR');
    assert.equal(refusal('a', 'b', '--data', '--loop'), '--data needs a value: --data DIR');
    assert.equal(refusal('a', 'b', '--loop=yes'), '--loop takes no value');
    assert.equal(refusal('a'), 'URL is missing');
    assert.equal(refusal('a', 'b', 'c'), 'unexpected argument c');
  });

  it('gives help whatever else is missing', () => {
    assert.equal(parse('--help').wantsHelp, true);
    assert.equal(parse('-h', 'a').wantsHelp, true);
  });
});

it('the help of a command tells its arguments, flags and examples', () => {
  assert.equal(
    commandHelp({ name: 'try', summary: 'Try it.' }, command),
    [
      'Try it.',
      '',
      'Usage: framelog try FILE URL [options]',
      '',
      'More words.',
      '',
      'Options:',
      '  --loop            Again and again.',
      '  --data DIR        The folder.',
      '  --set NAME=VALUE  A setting.',
      '  --help            This help.',
      '',
      'Examples:',
      '  framelog try a b',
      '      An example.',
      '',
    ].join('\n'),
  );
});
