import { ConfigError } from '../config/config-error.ts';
import { suggest } from '../config/suggest.ts';
import { version } from '../observe/version.ts';
import { type Command, parseCommandLine } from './command.ts';
import { describeError } from './describe-error.ts';
import { type CommandTitle, commandHelp, overviewHelp } from './help.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

interface CommandEntry extends CommandTitle {
  /** A command is loaded when it is asked for: `framelog keys` need not wait for the server's modules. */
  readonly load: () => Promise<Command>;
}

const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'serve',
    summary: 'Run the server.',
    load: async () => (await import('./serve.ts')).serve,
  },
  {
    name: 'demo',
    summary: 'Run a server with a demo camera, to look at.',
    load: async () => (await import('./demo.ts')).demo,
  },
  {
    name: 'push',
    summary: 'Publish a file over RTMP as a camera would, or as many cameras.',
    load: async () => (await import('./push.ts')).push,
  },
  {
    name: 'inspect',
    summary: 'Tell what is in a log file: boxes, fragments, checksums.',
    load: async () => (await import('./inspect.ts')).inspect,
  },
  {
    name: 'verify',
    summary: 'Check a data folder: checksums, indexes against files. Mends with --repair only.',
    load: async () => (await import('./verify.ts')).verify,
  },
  {
    name: 'detect',
    summary: 'Look through what a stream has recorded with a detector.',
    load: async () => (await import('./detect.ts')).detect,
  },
  {
    name: 'jobs list',
    summary: 'List the detection jobs over archives.',
    load: async () => (await import('./jobs.ts')).listJobs,
  },
  {
    name: 'jobs resume',
    summary: 'Let a detection job go on.',
    load: async () => (await import('./jobs.ts')).resumeJob,
  },
  {
    name: 'jobs cancel',
    summary: 'Break a detection job off.',
    load: async () => (await import('./jobs.ts')).cancelJob,
  },
  {
    name: 'models list',
    summary: 'List the models that find objects: built in, and added.',
    load: async () => (await import('./models.ts')).listModels,
  },
  {
    name: 'models add',
    summary: 'Add a model of your own: checked, hashed, tried, copied.',
    load: async () => (await import('./models.ts')).addModelCommand,
  },
  {
    name: 'models try',
    summary: 'Show what a model finds in a picture or a clip.',
    load: async () => (await import('./models-try.ts')).tryModelCommand,
  },
  {
    name: 'keys create',
    summary: 'Make a key for a camera, a viewer or a program.',
    load: async () => (await import('./keys.ts')).createKey,
  },
  {
    name: 'keys list',
    summary: 'List the keys and what they may do.',
    load: async () => (await import('./keys.ts')).listKeys,
  },
  {
    name: 'keys revoke',
    summary: 'End a key at once.',
    load: async () => (await import('./keys.ts')).revokeKey,
  },
];

/** Exit status for a wrong command line or configuration; 1 is for commands that failed. */
const USAGE_STATUS = 2;

/** Runs the command line; answers the exit status. */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<number> {
  const [first] = args;
  if (first === '--version' || first === '-v') {
    terminal.out(`framelog ${version} (Node ${process.versions.node})\n`);
    return 0;
  }
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
    terminal.out(overviewHelp('', COMMANDS));
    return first === undefined ? USAGE_STATUS : 0;
  }
  const found = findCommand(args);
  if (found === undefined) return explainUnknown(args, terminal);
  return runCommand(found.entry, found.rest, terminal);
}

async function runCommand(entry: CommandEntry, args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const command = await entry.load();
    const { options, positionals, wantsHelp } = parseCommandLine(command, args);
    if (!wantsHelp) return await command.run(options, positionals, terminal);
    terminal.out(commandHelp(entry, command));
    return 0;
  } catch (error) {
    return explainError(error, entry.name, terminal);
  }
}

/** The command of one word or two that the line begins with. */
function findCommand(args: readonly string[]): { entry: CommandEntry; rest: readonly string[] } | undefined {
  for (const words of [2, 1]) {
    const name = args.slice(0, words).join(' ');
    const entry = COMMANDS.find((one) => one.name === name);
    if (entry !== undefined) return { entry, rest: args.slice(words) };
  }
  return undefined;
}

function explainUnknown(args: readonly string[], terminal: Terminal): number {
  const [first = '', second] = args;
  const group = COMMANDS.filter(({ name }) => name.startsWith(`${first} `));
  if (group.length === 0) {
    const meant = suggest(first, new Set(COMMANDS.map(({ name }) => name.split(' ')[0] ?? '')));
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
    terminal.err(`framelog: unknown command ${first}${hint}\nSee framelog --help\n`);
    return USAGE_STATUS;
  }
  if (second === undefined || second === '--help' || second === '-h') {
    terminal.out(overviewHelp(first, group));
    return second === undefined ? USAGE_STATUS : 0;
  }
  const meant = suggest(
    `${first} ${second}`,
    group.map(({ name }) => name),
  );
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  terminal.err(`framelog: unknown command ${first} ${second}${hint}\nSee framelog ${first} --help\n`);
  return USAGE_STATUS;
}

function explainError(error: unknown, commandName: string, terminal: Terminal): number {
  if (error instanceof UsageError) {
    terminal.err(`framelog ${commandName}: ${error.message}\nSee framelog ${commandName} --help\n`);
    return USAGE_STATUS;
  }
  if (error instanceof ConfigError) {
    terminal.err(error.problems.map((problem) => `framelog: ${problem}\n`).join(''));
    return USAGE_STATUS;
  }
  terminal.err(`framelog: ${describeError(error)}\n`);
  return 1;
}
