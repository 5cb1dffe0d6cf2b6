/** Values by key up to a total weight; the one not asked for the longest goes first. Loads of one key are shared. */
export class LruCache<V> {
  readonly limit: number;
  readonly #weightOf: (value: V) => number;
  readonly #values = new Map<string, V>();
  readonly #loading = new Map<string, Promise<V>>();
  #weight = 0;

  constructor(limit: number, weightOf: (value: V) => number) {
    this.limit = limit;
    this.#weightOf = weightOf;
  }

  get weight(): number {
    return this.#weight;
  }

  get(key: string): V | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    // A Map is in order of insertion: what was used last stands last.
    this.#values.delete(key);
    this.#values.set(key, value);
    return value;
  }

  /** The value, or what `load` answers, which is then kept. */
  async getOrLoad(key: string, load: () => Promise<V>): Promise<V> {
    const known = this.get(key);
    if (known !== undefined) return known;
    let loading = this.#loading.get(key);
    if (loading === undefined) {
      loading = load().finally(() => this.#loading.delete(key));
      this.#loading.set(key, loading);
      const value = await loading;
      this.set(key, value);
      return value;
    }
    return loading;
  }

  set(key: string, value: V): void {
    this.delete(key);
    this.#values.set(key, value);
    this.#weight += this.#weightOf(value);
    for (const oldest of this.#values.keys()) {
      if (this.#weight <= this.limit) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const value = this.#values.get(key);
    if (value === undefined) return;
    this.#values.delete(key);
    this.#weight -= this.#weightOf(value);
  }
}
