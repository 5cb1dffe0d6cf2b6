/** A shard that may be read now, and who reads it. */
export interface Share {
  readonly shardId: string;
  readonly owner: string | undefined;
  /** Its owner was asked to give it up. */
  readonly isWanted: boolean;
}

export interface Balance {
  /** Shards without an owner, and who gets them. */
  readonly grants: ReadonlyMap<string, string>;
  /** Shards whose owners are asked to give them up. */
  readonly wanted: ReadonlySet<string>;
}

/**
 * Shares shards among workers so that no two differ by more than one, with as few moves as that takes: who has most keeps one more
 * where they do not divide. Free ones are granted now; a shard that is being read is only asked for, and granted once it is free.
 * `workers` in the order of their joining; the owner of a share is one of them.
 */
export function balance(shares: readonly Share[], workers: readonly string[]): Balance {
  const grants = new Map<string, string>();
  const wanted = new Set<string>();
  const held = new Map<string, Share[]>(workers.map((worker) => [worker, []]));
  for (const share of shares) if (share.owner !== undefined) held.get(share.owner)?.push(share);

  const base = Math.floor(shares.length / Math.max(1, workers.length));
  const more = shares.length - base * workers.length;
  const byHeld = [...held].sort(([, a], [, b]) => b.length - a.length);
  const room: { readonly worker: string; readonly quota: number; count: number }[] = [];
  for (const [index, [worker, own]] of byHeld.entries()) {
    const quota = base + (index < more ? 1 : 0);
    // Those that were asked for before come first: nobody is asked for one shard now and for another one then.
    const surplus = own.toSorted((a, b) => Number(b.isWanted) - Number(a.isWanted));
    for (const { shardId } of surplus.slice(0, Math.max(0, own.length - quota))) wanted.add(shardId);
    room.push({ worker, quota, count: own.length });
  }
  for (const { shardId, owner } of shares) {
    if (owner !== undefined) continue;
    const next = room.filter(({ quota, count }) => count < quota).sort((a, b) => a.count - b.count)[0];
    if (next === undefined) break;
    next.count += 1;
    grants.set(shardId, next.worker);
  }
  return { grants, wanted };
}
