import { z } from 'zod';
import type { Right } from './catalog.ts';

/** A stream name, or a pattern of one: letters, digits, `_ . -` and `*` for any run of characters. */
export const streamPatternSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9_.*-]{1,256}$/,
    'must be a stream name or a pattern with *: letters, digits, _ . - and *',
  );

/** One right of a key, as it stands in the catalog and in the REST API. */
export const rightSchema = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('admin') }),
  z.strictObject({ action: z.literal('publish'), stream: streamPatternSchema }),
  z.strictObject({ action: z.literal('view'), stream: streamPatternSchema }),
]) satisfies z.ZodType<Right>;

/** The rights of one key; bounded, since every check walks through them. */
export const rightsSchema = z.array(rightSchema).min(1).max(100);
