import type { IncomingHttpHeaders } from 'node:http';
import type { AwsInput } from './input-reader.ts';
import type { StructureShape } from './model.ts';

/** The members of an input that stand in headers; all of them are texts. An empty header is as good as none. */
export function readHeaderMembers(shape: StructureShape, headers: IncomingHttpHeaders): AwsInput {
  const input: AwsInput = {};
  for (const { name, header } of shape.members) {
    const value = header === undefined ? undefined : headers[header];
    if (typeof value === 'string' && value !== '') input[name] = value;
  }
  return input;
}
