import { z } from 'zod';

const UNITS = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const;
const SIZE = /^(\d{1,16}(?:\.\d{1,6})?) ?(B|KiB|MiB|GiB|TiB)$/;

/** Bytes of a size like `512MiB`, `1.5 GiB` or `100B`; `undefined` for any other text. */
export function parseByteSize(text: string): number | undefined {
  const [, amount, unit] = SIZE.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  return Math.round(Number(amount) * UNITS[unit as keyof typeof UNITS]);
}

/** The shortest text that parseByteSize reads back exactly: `512MiB`, `1000B`. */
export function formatByteSize(bytes: number): string {
  for (const unit of ['TiB', 'GiB', 'MiB', 'KiB'] as const) {
    if (bytes >= UNITS[unit] && bytes % UNITS[unit] === 0) return `${bytes / UNITS[unit]}${unit}`;
  }
  return `${bytes}B`;
}

/** A size in bytes, written as a number or with a unit. */
export function byteSize(minBytes: number, maxBytes = Number.MAX_SAFE_INTEGER) {
  const isInRange = (value: number | string) => {
    const bytes = typeof value === 'number' ? value : parseByteSize(value);
    return bytes !== undefined && Number.isSafeInteger(bytes) && bytes >= minBytes && bytes <= maxBytes;
  };
  return z
    .union([z.number(), z.string()])
    .refine(isInRange)
    .transform((value) => (typeof value === 'number' ? value : Number(parseByteSize(value))))
    .meta({ byteSize: { minBytes, maxBytes } });
}
