import { z } from 'zod';

/** A whole number in a query string; `z.coerce` would take an empty text for 0. */
const wholeNumber = z
  .string()
  .regex(/^\d{1,15}$/, 'a whole number is needed')
  .transform(Number);

/** A position in a stream. */
export const ordinal = wholeNumber;

/** Length of a page of a list. */
export const pageLimit = wholeNumber.pipe(z.number().min(1).max(1000)).default(100);
