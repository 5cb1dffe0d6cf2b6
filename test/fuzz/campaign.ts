import { readdirSync, readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type { FuzzTarget } from './fuzz-target.ts';
import { mutate, Random } from './mutate.ts';

/** What a campaign saw. A finding is an error that is not typed. */
export interface CampaignReport {
  readonly name: string;
  readonly inputs: number;
  readonly accepted: number;
  readonly refused: number;
  readonly slowestMs: number;
  /** Inputs that took longer than the limit in each of three tries: one slow try may be the machine's. */
  readonly slow: readonly Finding[];
  readonly untyped: readonly Finding[];
  /** Growth of heap plus array buffers between the first tenth and the end, after collection where it is exposed. */
  readonly memoryGrowthBytes: number;
}

export interface Finding {
  readonly inputHex: string;
  readonly detail: string;
}

export interface CampaignOptions {
  readonly inputs: number;
  readonly seed: number;
  readonly slowLimitMs: number;
}

const MAX_FINDINGS = 5;

/** Loads all targets of test/fuzz/targets. */
export async function loadTargets(): Promise<FuzzTarget[]> {
  const folder = new URL('./targets/', import.meta.url);
  const targets: FuzzTarget[] = [];
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.ts')) continue;
    const module = (await import(new URL(file, folder).href)) as { target: FuzzTarget };
    targets.push(module.target);
  }
  return targets;
}

/** Feeds `options.inputs` mutations of the target's seeds and corpus; every corpus file is also run as it is. */
export function runCampaign(target: FuzzTarget, options: CampaignOptions): CampaignReport {
  const corpus = [...target.seeds(), ...corpusOf(target.name)];
  if (corpus.length === 0) throw new Error(`fuzz target ${target.name} has no seeds`);
  const random = new Random(options.seed);
  const untyped: Finding[] = [];
  const slow: Finding[] = [];
  let accepted = 0;
  let refused = 0;
  let slowestMs = 0;
  let memoryAtStart = 0;

  const runOne = (input: Uint8Array): number => {
    const startedMs = performance.now();
    try {
      target.run(input);
      accepted += 1;
    } catch (error) {
      refused += 1;
      if (!target.isTyped(error) && untyped.length < MAX_FINDINGS) {
        untyped.push({
          inputHex: Buffer.from(input).toString('hex'),
          detail: String((error as Error).stack),
        });
      }
    }
    return performance.now() - startedMs;
  };

  for (let index = 0; index < options.inputs; index += 1) {
    const seed = corpus[random.below(corpus.length)] as Uint8Array;
    const other = corpus[random.below(corpus.length)] as Uint8Array;
    const input = index < corpus.length ? (corpus[index] as Uint8Array) : mutate(seed, other, random);
    let tookMs = runOne(input);
    if (tookMs > options.slowLimitMs) {
      tookMs = Math.min(tookMs, runOne(input), runOne(input));
      if (tookMs > options.slowLimitMs && slow.length < MAX_FINDINGS) {
        slow.push({ inputHex: Buffer.from(input).toString('hex'), detail: `${tookMs.toFixed(1)} ms` });
      }
    }
    slowestMs = Math.max(slowestMs, tookMs);
    if (index === Math.floor(options.inputs / 10)) memoryAtStart = memoryInUse();
  }
  return {
    name: target.name,
    inputs: options.inputs,
    accepted,
    refused,
    slowestMs,
    slow,
    untyped,
    memoryGrowthBytes: memoryInUse() - memoryAtStart,
  };
}

function corpusOf(name: string): Uint8Array[] {
  const folder = new URL(`./corpus/${name}/`, import.meta.url);
  let files: string[];
  try {
    files = readdirSync(folder).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return files.map((file) => new Uint8Array(readFileSync(new URL(file, folder))));
}

function memoryInUse(): number {
  // Twice: array buffers are swept beside the program, and the second collection waits for the first one's sweep.
  globalThis.gc?.();
  globalThis.gc?.();
  const usage = process.memoryUsage();
  return usage.heapUsed + usage.arrayBuffers;
}
