import { z } from 'zod';
import { formatByteSize } from './byte-size.ts';
import { configSchema } from './schema.ts';

/** One setting as the schema describes it. */
export interface Setting {
  /** Dotted, as in `http.port`. */
  readonly name: string;
  /** Environment variable, as in `FRAMELOG_HTTP_PORT`. */
  readonly variable: string;
  readonly description: string;
  /** What values are right, in words: "a whole number from 200 to 1000". */
  readonly valueText: string;
  /** Value when nobody sets it; `undefined`: not set. */
  readonly defaultText: string | undefined;
  /** JSON types that a value may have: how a text (environment, flag) is read. */
  readonly types: ReadonlySet<string>;
}

/** What we read of the JSON schema that zod makes of ours. */
interface Node {
  readonly type?: string | readonly string[];
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly anyOf?: readonly Node[];
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly description?: string;
  readonly valueText?: string;
  readonly byteSize?: { readonly minBytes: number; readonly maxBytes: number };
}

const defaults: unknown = configSchema.parse({});
const root = z.toJSONSchema(configSchema, { io: 'input' }) as Node;

/** All settings in the order of the schema, by name. */
export const settings: ReadonlyMap<string, Setting> = new Map(
  collect(root, []).map((one) => [one.name, one]),
);

/** The groups that settings stand in: `http`, `http.tls`. */
export const groups: ReadonlySet<string> = new Set(
  [...settings.keys()].flatMap((name) => {
    const parts = name.split('.').slice(0, -1);
    return parts.map((_, index) => parts.slice(0, index + 1).join('.'));
  }),
);

/** The value that a text from the environment or a flag stands for; whether it is right is for the schema to say. */
export function valueOfText(setting: Setting, text: string): unknown {
  if (setting.types.has('null') && text === 'null') return null;
  if (setting.types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  if ((setting.types.has('integer') || setting.types.has('number')) && /^-?\d+(\.\d+)?$/.test(text)) {
    return Number(text);
  }
  return text;
}

function collect(node: Node, path: readonly string[]): Setting[] {
  if (node.properties !== undefined) {
    return Object.entries(node.properties).flatMap(([key, child]) => collect(child, [...path, key]));
  }
  return [
    {
      name: path.join('.'),
      variable: variableOf(path),
      description: node.description ?? '',
      valueText: valueTextOf(node),
      defaultText: defaultTextOf(path, node),
      types: typesOf(node),
    },
  ];
}

/** `live.partMs` is FRAMELOG_LIVE_PART_MS. */
function variableOf(path: readonly string[]): string {
  const words = path.map((part) => part.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase());
  return `FRAMELOG_${words.join('_')}`;
}

function typesOf(node: Node): Set<string> {
  const own = node.type === undefined ? [] : node.type;
  const options = (node.anyOf ?? []).flatMap((option) => [...typesOf(option)]);
  return new Set([...(typeof own === 'string' ? [own] : own), ...options]);
}

function findByteSize(node: Node): Node['byteSize'] {
  return node.byteSize ?? node.anyOf?.map(findByteSize).find((found) => found !== undefined);
}

function valueTextOf(node: Node): string {
  if (node.valueText !== undefined) return node.valueText;
  const orNull = typesOf(node).has('null') ? ', or null' : '';
  const size = findByteSize(node);
  if (size !== undefined) return `a size like \`512MiB\`${sizeRange(size)}${orNull}`;
  const inner = node.anyOf?.find((option) => option.type !== 'null') ?? node;
  return describeType(inner) + orNull;
}

function describeType(node: Node): string {
  const types = typesOf(node);
  if (node.enum !== undefined) return node.enum.map((word) => `\`${word}\``).join(', ');
  if (types.has('boolean')) return 'true or false';
  if (types.has('integer')) return `a whole number from ${node.minimum} to ${node.maximum}`;
  if (types.has('number')) return `a number from ${node.minimum} to ${node.maximum}`;
  return 'a text';
}

function sizeRange({ minBytes, maxBytes }: { readonly minBytes: number; readonly maxBytes: number }): string {
  const from = minBytes === 0 ? '' : ` from ${formatByteSize(minBytes)}`;
  return maxBytes === Number.MAX_SAFE_INTEGER ? from : `${from} to ${formatByteSize(maxBytes)}`;
}

function defaultTextOf(path: readonly string[], node: Node): string | undefined {
  let value: unknown = defaults;
  for (const key of path) value = (value as Record<string, unknown> | undefined)?.[key];
  // A setting of an optional group has a default for when the group is given.
  if (value === undefined) value = node.default;
  if (value === undefined) return undefined;
  return findByteSize(node) !== undefined && typeof value === 'number'
    ? formatByteSize(value)
    : String(value);
}
