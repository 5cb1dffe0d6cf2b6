/** Values that several settings have. */

import { z } from 'zod';

export const MiB = 2 ** 20;
export const GiB = 2 ** 30;
export const DAY_MS = 86_400_000;
export const port = () => z.int().min(0).max(65_535);
export const host = () => z.string().min(1).max(253);
export const path = () => z.string().min(1).max(4096);
export const dataStreamName = () => z.string().regex(/^[a-zA-Z0-9_.-]{1,128}$/);
export const durationMs = (min: number, max: number) => z.int().min(min).max(max);
