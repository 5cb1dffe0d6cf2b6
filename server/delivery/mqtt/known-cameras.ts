import { z } from 'zod';
import { ALL } from './topics.ts';

/** Names of labels (and groups) and zones, as levels of topics. */
export interface CameraNames {
  readonly labels: ReadonlySet<string>;
  readonly zones: ReadonlyMap<string, ReadonlySet<string>>;
}

const MAX_LABELS = 256;
const MAX_ZONES = 64;

const storedSchema = z.strictObject({
  prefix: z.string(),
  discoveryPrefix: z.string().nullable(),
  cameras: z.record(
    z.string(),
    z.strictObject({ labels: z.array(z.string()), zones: z.record(z.string(), z.array(z.string())) }),
  ),
});

/** Under which prefixes something was published; `discoveryPrefix: null`: nothing was announced. */
export interface Prefixes {
  readonly prefix: string;
  readonly discoveryPrefix: string | null;
}

interface MutableNames {
  readonly labels: Set<string>;
  readonly zones: Map<string, Set<string>>;
}

/**
 * Of which cameras, labels and zones the broker keeps retained messages: they have to be taken back when a camera goes, also one
 * that went while the server was down, and set to zero when a label is seen no more. Kept as JSON (`toText`).
 */
export class KnownCameras {
  readonly prefixes: Prefixes;
  readonly #cameras: Map<string, MutableNames>;

  constructor(prefixes: Prefixes, cameras: Iterable<readonly [string, MutableNames]> = []) {
    this.prefixes = prefixes;
    this.#cameras = new Map(cameras);
  }

  /** Reads what `toText` wrote; `undefined` for anything else. */
  static fromText(text: string): KnownCameras | undefined {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
    const stored = storedSchema.safeParse(json);
    if (!stored.success) return undefined;
    const { cameras, ...prefixes } = stored.data;
    return new KnownCameras(
      prefixes,
      Object.entries(cameras).map(([camera, { labels, zones }]) => [
        camera,
        {
          labels: new Set(labels),
          zones: new Map(Object.entries(zones).map(([zone, names]) => [zone, new Set(names)])),
        },
      ]),
    );
  }

  toText(): string {
    const cameras = [...this.#cameras].map(([camera, { labels, zones }]) => [
      camera,
      {
        labels: [...labels],
        zones: Object.fromEntries([...zones].map(([zone, names]) => [zone, [...names]])),
      },
    ]);
    return JSON.stringify({ ...this.prefixes, cameras: Object.fromEntries(cameras) });
  }

  get names(): Iterable<string> {
    return this.#cameras.keys();
  }

  camera(name: string): CameraNames | undefined {
    return this.#cameras.get(name);
  }

  /** Answers whether something of it is new. Names beyond a bound (no model has so many labels) are not taken. */
  add(
    camera: string,
    labels: Iterable<string>,
    zones: Iterable<readonly [string, Iterable<string>]> = [],
  ): boolean {
    let known = this.#cameras.get(camera);
    let isNew = known === undefined;
    if (known === undefined) {
      known = { labels: new Set([ALL]), zones: new Map() };
      this.#cameras.set(camera, known);
    }
    isNew = addAll(known.labels, labels) || isNew;
    for (const [zone, names] of zones) {
      let inZone = known.zones.get(zone);
      if (inZone === undefined) {
        if (known.zones.size >= MAX_ZONES) continue;
        inZone = new Set([ALL]);
        known.zones.set(zone, inZone);
        isNew = true;
      }
      isNew = addAll(inZone, names) || isNew;
    }
    return isNew;
  }

  remove(camera: string): CameraNames | undefined {
    const names = this.#cameras.get(camera);
    this.#cameras.delete(camera);
    return names;
  }
}

function addAll(names: Set<string>, more: Iterable<string>): boolean {
  const { size } = names;
  for (const name of more) {
    if (names.size < MAX_LABELS) names.add(name);
  }
  return names.size > size;
}
