/** Members of a log line that stand at fixed places, and not among the others. */
const PLACED = new Set(['level', 'time', 'msg', 'err']);

/** A JSON log line as people like to read it: time, level, message, what belongs to it, and the error's stack. */
export function prettyLine(line: string): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line);
  } catch {
    // Hiding a secret has cut the JSON, or somebody else wrote to this stream: better a raw line than none.
    return line;
  }
  const time = String(entry.time).slice(11, 23);
  const level = String(entry.level).toUpperCase().padEnd(5);
  const members = Object.entries(entry)
    .filter(([name]) => !PLACED.has(name))
    .map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return `${time} ${level} ${entry.msg ?? ''}${members.join('')}${errorText(entry.err)}\n`;
}

function errorText(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { stack, message } = error as { stack?: unknown; message?: unknown };
  return `\n  ${String(stack ?? message).replaceAll('\n', '\n  ')}`;
}
