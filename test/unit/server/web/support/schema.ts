import { readFileSync } from 'node:fs';
import { z } from 'zod';

const { components } = JSON.parse(
  readFileSync(new URL('../../../../../server/web/openapi.json', import.meta.url), 'utf8').replaceAll(
    '#/components/schemas/',
    '#/$defs/',
  ),
) as { components: { schemas: Record<string, object> } };

/** Fails unless the value is what the named schema of openapi.json says: no property less, none more. */
export function assertMatches(schemaName: string, value: unknown): void {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $defs: components.schemas,
  } as object;
  z.fromJSONSchema({ ...schema, $ref: `#/$defs/${schemaName}` }).parse(value);
}
