/**
 * Makes the tables of this folder from a folder of AWS service models (botocore's format):
 *
 *   node server/aws/models/generate.ts PATH-OF-THE-MODELS
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MemberFacts, OperationFacts, ServiceFacts, ShapeFacts } from './service-facts.ts';

/** The services whose tables are made; PutMedia's is written by hand. */
export const GENERATED_MODELS = [
  'kinesis',
  'kinesis-video-archived-media',
  'kinesis-video-media',
  'kinesis-video-signaling',
  'kinesis-video-webrtc-storage',
  'kinesisvideo',
] as const;

interface SourceShape extends Omit<ShapeFacts, 'members' | 'member' | 'key' | 'value' | 'error'> {
  readonly members?: Readonly<Record<string, SourceMember>>;
  readonly member?: { readonly shape: string };
  readonly key?: { readonly shape: string };
  readonly value?: { readonly shape: string };
  readonly exception?: true;
  readonly error?: { readonly httpStatusCode: number };
}

interface SourceMember {
  readonly shape: string;
  readonly location?: string;
  readonly locationName?: string;
}

interface SourceOperation {
  readonly http: { readonly method: string; readonly requestUri: string };
  readonly input?: { readonly shape: string };
  readonly output?: { readonly shape: string };
  readonly errors?: readonly { readonly shape: string }[];
}

interface SourceModel {
  readonly metadata: {
    readonly apiVersion: string;
    readonly protocol: ServiceFacts['protocol'];
    readonly endpointPrefix: string;
    readonly signingName?: string;
    readonly targetPrefix?: string;
  };
  readonly operations: Readonly<Record<string, SourceOperation>>;
  readonly shapes: Readonly<Record<string, SourceShape>>;
}

/** The table of one service as the text of its file: one operation or shape a line. */
export function makeTable(model: SourceModel): string {
  const { apiVersion, protocol, endpointPrefix, signingName, targetPrefix } = model.metadata;
  const facts = { apiVersion, protocol, signingName: signingName ?? endpointPrefix, targetPrefix };
  const lines = Object.entries(facts)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${JSON.stringify(name)}: ${JSON.stringify(value)},`);
  return [
    '{',
    ...lines,
    ' "operations": {',
    lineEach(model.operations, operationTable),
    ' },',
    ' "shapes": {',
    lineEach(model.shapes, shapeTable),
    ' }',
    '}',
    '',
  ].join('\n');
}

function lineEach<Source>(entries: Readonly<Record<string, Source>>, tableOf: (source: Source) => object) {
  return Object.entries(entries)
    .map(([name, source]) => `  ${JSON.stringify(name)}: ${JSON.stringify(tableOf(source))}`)
    .join(',\n');
}

function operationTable({ http, input, output, errors }: SourceOperation): OperationFacts {
  return {
    method: http.method,
    path: http.requestUri,
    ...(input === undefined ? {} : { input: input.shape }),
    ...(output === undefined ? {} : { output: output.shape }),
    errors: (errors ?? []).map(({ shape }) => shape),
  };
}

function shapeTable(source: SourceShape): ShapeFacts {
  const { type, members, required, member, key, value, min, max, pattern } = source;
  const { sensitive, payload, streaming, eventstream } = source;
  const table = {
    type,
    members: members === undefined ? undefined : membersTable(members),
    required,
    member: member?.shape,
    key: key?.shape,
    value: value?.shape,
    min,
    max,
    pattern,
    enum: source.enum,
    sensitive,
    error: source.exception === true ? (source.error?.httpStatusCode ?? 0) : undefined,
    payload,
    streaming,
    eventstream,
  };
  return JSON.parse(JSON.stringify(table)) as ShapeFacts;
}

function membersTable(members: Readonly<Record<string, SourceMember>>): Record<string, string | MemberFacts> {
  return Object.fromEntries(
    Object.entries(members).map(([name, { shape, location, locationName }]) => {
      if (location === undefined && locationName === undefined) return [name, shape];
      if (location === 'header' && locationName !== undefined) return [name, { shape, header: locationName }];
      throw new Error(`${name}: members at ${location ?? 'other names'} are not known to the frame`);
    }),
  );
}

/** Reads the model of a service from the folder of models. */
export function readModel(folder: string, name: string): SourceModel {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as SourceModel;
}

if (import.meta.main) {
  const folder = process.argv[2];
  if (folder === undefined) throw new Error('Give the folder of the models.');
  for (const name of GENERATED_MODELS) {
    writeFileSync(new URL(`${name}.json`, import.meta.url), makeTable(readModel(folder, name)));
  }
}
