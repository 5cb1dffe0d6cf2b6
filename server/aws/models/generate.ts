/**
 * Makes the tables of this folder from a folder of AWS service models (botocore's format, flat or as botocore lays them out):
 *
 *   node server/aws/models/generate.ts PATH-OF-THE-MODELS [SERVICE...]
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { MemberFacts, OperationFacts, ServiceFacts, ShapeFacts } from './service-facts.ts';

/** The services whose tables are made; PutMedia's is written by hand. */
export const GENERATED_MODELS = [
  'kinesis',
  'kinesis-video-archived-media',
  'kinesis-video-media',
  'kinesis-video-signaling',
  'kinesis-video-webrtc-storage',
  'kinesisvideo',
  'rekognition',
] as const;

/** Of these services, only some operations are made: the table has no others. */
const CHOSEN_OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  rekognition: [
    'CompareFaces',
    'CreateCollection',
    'CreateStreamProcessor',
    'DeleteCollection',
    'DeleteFaces',
    'DeleteStreamProcessor',
    'DescribeCollection',
    'DescribeStreamProcessor',
    'DetectFaces',
    'DetectLabels',
    'IndexFaces',
    'ListCollections',
    'ListFaces',
    'ListStreamProcessors',
    'ListTagsForResource',
    'SearchFaces',
    'SearchFacesByImage',
    'StartStreamProcessor',
    'StopStreamProcessor',
    'TagResource',
    'UntagResource',
    'UpdateStreamProcessor',
  ],
};

interface SourceShape extends Omit<ShapeFacts, 'type' | 'members' | 'member' | 'key' | 'value' | 'error'> {
  readonly type: ShapeFacts['type'] | 'float';
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
    // On the wire they are the same.
    type: type === 'float' ? 'double' : type,
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

/** Reads the model of a service from the folder of models; only the operations that are made, and the shapes that they need. */
export function readModel(folder: string, name: string): SourceModel {
  const [path] = globSync([`${name}.json`, `${name}/*/service-2.json{,.gz}`], { cwd: folder });
  if (path === undefined) throw new Error(`${folder} has no model of ${name}`);
  const bytes = readFileSync(join(folder, path));
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const model = JSON.parse(text) as SourceModel;
  const chosen = CHOSEN_OPERATIONS[name];
  return chosen === undefined ? model : cutDown(model, chosen);
}

function cutDown(model: SourceModel, chosen: readonly string[]): SourceModel {
  const operations = Object.entries(model.operations).filter(([name]) => chosen.includes(name));
  const needed = new Set<string>();
  const need = (reference: { readonly shape: string } | undefined): void => {
    if (reference === undefined || needed.has(reference.shape)) return;
    needed.add(reference.shape);
    const { members = {}, member, key, value } = model.shapes[reference.shape] ?? {};
    for (const part of [...Object.values(members), member, key, value]) need(part);
  };
  for (const [, { input, output, errors = [] }] of operations) {
    for (const reference of [input, output, ...errors]) need(reference);
  }
  const shapes = Object.entries(model.shapes).filter(([name]) => needed.has(name));
  return { ...model, operations: Object.fromEntries(operations), shapes: Object.fromEntries(shapes) };
}

if (import.meta.main) {
  const [folder, ...services] = process.argv.slice(2);
  if (folder === undefined) throw new Error('Give the folder of the models.');
  for (const name of services.length > 0 ? services : GENERATED_MODELS) {
    writeFileSync(new URL(`${name}.json`, import.meta.url), makeTable(readModel(folder, name)));
  }
}
