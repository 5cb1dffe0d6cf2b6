import type { Command, OptionSpec } from './command.ts';

/** A command in the list of all. */
export interface CommandTitle {
  readonly name: string;
  readonly summary: string;
}

const HELP_OPTION: [string, OptionSpec] = ['help', { type: 'boolean', help: 'This help.' }];

/** The help of one command. */
export function commandHelp({ name, summary }: CommandTitle, command: Command): string {
  const options: [string, OptionSpec][] = [...Object.entries(command.options), HELP_OPTION];
  const usage = ['framelog', name, ...command.positionals, '[options]'].join(' ');
  const examples = command.examples.map(({ line, what }) => `  ${line}\n      ${what}\n`);
  return [
    `${summary}\n`,
    `Usage: ${usage}\n`,
    ...(command.details === undefined ? [] : [`${command.details}\n`]),
    `Options:\n${columns(options.map(([flag, spec]) => [flagText(flag, spec), spec.help]))}`,
    `Examples:\n${examples.join('')}`,
  ].join('\n');
}

/** The help of the program, or of a group of commands like `keys`. */
export function overviewHelp(group: string, titles: readonly CommandTitle[]): string {
  const isProgram = group === '';
  const rows = titles.map(({ name, summary }): [string, string] => [name, summary]);
  return [
    ...(isProgram ? ['Framelog: cameras push, every frame is kept, live and archived playback.\n'] : []),
    `Usage: framelog ${isProgram ? 'COMMAND' : `${group} COMMAND`} [options]\n`,
    `Commands:\n${columns(rows)}`,
    `\`framelog ${isProgram ? 'COMMAND' : `${group} COMMAND`} --help\` tells more, with examples.\n`,
  ].join('\n');
}

/** Two columns, the second at the same place in all lines. */
export function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([first]) => first.length));
  return rows.map(([first, second]) => `  ${first.padEnd(width)}  ${second}\n`).join('');
}

function flagText(flag: string, spec: OptionSpec): string {
  return spec.type === 'boolean' ? `--${flag}` : `--${flag} ${spec.value ?? 'VALUE'}`;
}
