import { z } from 'zod';
import { parseInstant } from '../http/instant.ts';

/** An instant in a query string or a JSON body. */
export const instant = z.union([z.string(), z.number()]).transform((value, context) => {
  const ms = parseInstant(String(value));
  if (ms !== undefined) return ms;
  context.addIssue({
    code: 'custom',
    message: 'not an instant: give ISO 8601 with a zone, or epoch milliseconds',
  });
  return z.NEVER;
});
