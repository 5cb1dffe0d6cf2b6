import type { z } from 'zod';
import { findBindProblem } from '../access/bind-rule.ts';
import { ConfigError } from './config-error.ts';
import { type Config, configSchema } from './schema.ts';
import { groups, settings } from './settings.ts';
import { suggest } from './suggest.ts';

/** A value that somebody gave for a setting (or an object with no settings in it, for a group), and where. */
export interface GivenValue {
  readonly value: unknown;
  /** For messages: a file name, a variable, a flag. */
  readonly source: string;
}

/** Given values by dotted name. */
export type Layer = ReadonlyMap<string, GivenValue>;

/** Further problems are most often of the same kind; the work on hostile files stays small. */
const MAX_PROBLEMS = 20;

/**
 * Reads the text of a configuration file: JSON with the groups as objects. Throws ConfigError `not-json`, and `invalid`
 * for keys that are not settings.
 */
export function parseConfigFile(text: string, fileName: string): Layer {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ConfigError('not-json', [`${fileName} is not JSON: ${String((cause as Error).message)}`], {
      cause,
    });
  }
  const layer = new Map<string, GivenValue>();
  const problems: string[] = [];
  flatten(json, '', fileName, layer, problems);
  if (problems.length > 0) throw new ConfigError('invalid', problems);
  return layer;
}

/** The configuration of several layers, of which the later ones win. Throws ConfigError `invalid`. */
export function resolveConfig(layers: readonly Layer[]): Config {
  const given = new Map(layers.flatMap((layer) => [...layer]));
  const parsed = configSchema.safeParse(nest(given));
  if (!parsed.success) {
    throw new ConfigError(
      'invalid',
      parsed.error.issues.slice(0, MAX_PROBLEMS).map((issue) => explain(issue, given)),
    );
  }
  const contradictions = findContradictions(parsed.data);
  if (contradictions.length > 0) throw new ConfigError('invalid', contradictions);
  return parsed.data;
}

function flatten(
  node: unknown,
  group: string,
  source: string,
  layer: Map<string, GivenValue>,
  problems: string[],
): void {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) {
    problems.push(
      `${source}: ${group === '' ? 'the file' : group} must be an object of settings: { "name": value }`,
    );
    return;
  }
  const entries = Object.entries(node);
  if (entries.length === 0 && group !== '') layer.set(group, { value: {}, source });
  for (const [key, value] of entries) {
    if (problems.length >= MAX_PROBLEMS) return;
    const name = group === '' ? key : `${group}.${key}`;
    if (settings.has(name)) layer.set(name, { value, source });
    else if (groups.has(name)) flatten(value, name, source, layer, problems);
    else problems.push(`${source}: ${unknownSetting(name)}`);
  }
}

/** Says that a name is no setting, and which one may have been meant. */
export function unknownSetting(name: string): string {
  const shown = name.length > 80 ? `${name.slice(0, 80)}…` : name;
  const meant = suggest(name, settings.keys()) ?? suggest(name, groups) ?? sameLastPart(name);
  return `${shown} is not a setting${meant === undefined ? '' : `; did you mean ${meant}?`}`;
}

/** A setting of that name in another group: `port` may be `http.port`. */
function sameLastPart(name: string): string | undefined {
  const last = name.slice(name.lastIndexOf('.') + 1);
  return [...settings.keys()].find((setting) => setting.endsWith(`.${last}`));
}

function nest(given: Layer): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [name, { value }] of given) {
    const path = name.split('.');
    const last = path.pop() ?? '';
    let node = root;
    for (const key of path) {
      node[key] ??= {};
      node = node[key] as Record<string, unknown>;
    }
    // An empty group must not wipe out settings that stand in it already.
    if (groups.has(name)) node[last] ??= {};
    else node[last] = value;
  }
  return root;
}

function explain(issue: z.core.$ZodIssue, given: Layer): string {
  const name = issue.path.join('.');
  const value = given.get(name);
  const setting = settings.get(name);
  const expected = setting?.valueText ?? 'an object of settings';
  if (value === undefined) return `${name} is missing: it must be ${expected} when its group is given`;
  const shown = name.endsWith('.secret') ? 'what it is' : shorten(value.value);
  return `${value.source}: ${name} must be ${expected}, not ${shown}`;
}

function shorten(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** What no single value can tell. */
function findContradictions({ http, rtmp, log, fragments, access }: Config): string[] {
  const problems: string[] = [];
  const bindProblem = findBindProblem(access.open, [http.host, rtmp.host]);
  if (bindProblem !== undefined) problems.push(bindProblem);
  if (fragments.minMs >= fragments.maxMs) problems.push('fragments.minMs must be less than fragments.maxMs');
  if (log.backlogBytesPerStream > log.backlogBytes) {
    problems.push('log.backlogBytesPerStream must not be more than log.backlogBytes');
  }
  const ports = [http.port, rtmp.port, rtmp.tls?.port ?? 0].filter((port) => port !== 0);
  if (new Set(ports).size < ports.length) problems.push('http.port, rtmp.port and rtmp.tls.port must differ');
  return problems;
}
