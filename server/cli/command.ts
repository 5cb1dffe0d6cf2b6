import { parseArgs } from 'node:util';
import { suggest } from '../config/suggest.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** One flag of a command. */
export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  /** May be given several times; the value is a list. */
  readonly multiple?: boolean;
  /** What stands for the value in the help: `DIR`, `HOST:PORT`. */
  readonly value?: string;
  readonly help: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** The values of the flags that were given. */
export type OptionValues<T extends OptionSpecs> = {
  readonly [K in keyof T]?: T[K]['type'] extends 'boolean'
    ? boolean
    : T[K]['multiple'] extends true
      ? readonly string[]
      : string;
};

/** One command, and all that its help says. */
export interface Command<T extends OptionSpecs = OptionSpecs> {
  /** Names of the arguments that must be given, in order: `FILE`. */
  readonly positionals: readonly string[];
  readonly options: T;
  /** Paragraph for the help, where the summary does not say enough. */
  readonly details?: string;
  readonly examples: readonly { readonly line: string; readonly what: string }[];
  /** Answers the exit status. */
  run(options: OptionValues<T>, positionals: readonly string[], terminal: Terminal): Promise<number>;
}

/** Keeps the types of the options for `run`. */
export function defineCommand<const T extends OptionSpecs>(command: Command<T>): Command {
  return command as unknown as Command;
}

/** What stands on a command line. Throws UsageError for what the command does not know. */
export function parseCommandLine(
  command: Command,
  args: readonly string[],
): {
  readonly options: OptionValues<OptionSpecs>;
  readonly positionals: readonly string[];
  readonly wantsHelp: boolean;
} {
  const known: OptionSpecs = { ...command.options, help: { type: 'boolean', help: '' } };
  // Not strict: the tokens are checked here, with messages that help.
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options: {
      ...(known as Record<string, { type: 'string' | 'boolean' }>),
      help: { type: 'boolean', short: 'h' },
    },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === 'option') checkOption(known, token);
  }
  const wantsHelp = values.help === true;
  if (!wantsHelp) checkPositionals(command.positionals, positionals);
  return { options: values as OptionValues<OptionSpecs>, positionals, wantsHelp };
}

/** An option as parseArgs found it. */
interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  /** Written as `--name=value`. */
  readonly inlineValue: boolean | undefined;
}

function checkOption(known: OptionSpecs, { name, rawName, value, inlineValue }: OptionToken): void {
  const spec = Object.hasOwn(known, name) ? known[name] : undefined;
  if (spec === undefined) {
    const meant = suggest(name, Object.keys(known));
    throw new UsageError(
      `unknown option ${rawName}${meant === undefined ? '' : `; did you mean --${meant}?`}`,
    );
  }
  if (spec.type === 'boolean' && value !== undefined) throw new UsageError(`${rawName} takes no value`);
  // What looks like the next flag was hardly meant as a value; one that does start with a dash is written --name=-value.
  const isForgotten = value === undefined || (inlineValue !== true && value.startsWith('-'));
  if (spec.type === 'string' && isForgotten) {
    throw new UsageError(`${rawName} needs a value: ${rawName} ${spec.value ?? 'VALUE'}`);
  }
}

function checkPositionals(wanted: readonly string[], given: readonly string[]): void {
  const missing = wanted[given.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing`);
  const extra = given[wanted.length];
  if (extra !== undefined) throw new UsageError(`unexpected argument ${extra}`);
}
