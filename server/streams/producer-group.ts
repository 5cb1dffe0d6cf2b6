import {
  FragmentDelivery,
  type FragmentDeliveryOptions,
  type FragmentNews,
} from '../../fragments/stream/fragment-delivery.ts';

/** One of the sessions, as the group sees it. */
export interface GroupMember {
  /** When it last began a fragment or wrote to it, epoch ms. */
  readonly lastActivityMs: number;
  /** `onTurn`: it may begin its fragment now. */
  readonly request: { readonly onTurn: () => void };
  endFragment(nowMs: number): void;
  /** One of its fragments is persisted or lost. */
  settle(ordinal: number, isLost: boolean): void;
}

/** Nothing came for this long: another session need not wait for this one any more. */
const PATIENCE_MS = 1000;

/**
 * The sessions that write one stream at the same time. One of them at a time has a fragment open; the others stand in line. So
 * fragments of different sessions follow each other whole.
 */
export class ProducerGroup<Session extends GroupMember> {
  readonly delivery: FragmentDelivery;
  readonly #options: FragmentDeliveryOptions;
  readonly #sessions: Session[] = [];
  readonly #waiting: Session[] = [];
  /** Whose fragment each ordinal is, until it is persisted or lost. */
  readonly #owners = new Map<number, Session>();
  #holder: Session | undefined;

  constructor(options: FragmentDeliveryOptions) {
    this.#options = options;
    this.delivery = new FragmentDelivery({ ...options, onFragment: (news) => this.#report(news) });
  }

  /** Those that have not ended, oldest first. */
  get sessions(): readonly Session[] {
    return this.#sessions;
  }

  join(session: Session): void {
    if (this.#sessions.length === 0) this.#options.window.start();
    this.#sessions.push(session);
  }

  /** A session has ended; its fragment is closed. */
  leave(session: Session): void {
    remove(this.#sessions, session);
    remove(this.#waiting, session);
    if (this.#sessions.length === 0) this.#options.window.end();
    else this.#callNext();
  }

  /** See ProducerFragments.mayBegin. */
  mayBegin(session: Session, nowMs: number): boolean {
    const holder = this.#holder;
    if (!this.#waiting.includes(session)) this.#waiting.push(session);
    if (holder !== undefined) {
      if (nowMs - holder.lastActivityMs < PATIENCE_MS) return false;
      this.#holder = undefined;
      holder.endFragment(nowMs);
    }
    if (this.#waiting[0] !== session) {
      if (holder !== undefined) this.#callNext();
      return false;
    }
    this.#waiting.shift();
    return true;
  }

  /** A session has begun a fragment. */
  opened(session: Session, ordinal: number): void {
    this.#holder = session;
    this.#owners.set(ordinal, session);
  }

  /** The session's fragment is closed, or there was nothing in it: `neverWas` is its ordinal then. */
  closed(session: Session, neverWas?: number): void {
    if (neverWas !== undefined) this.#owners.delete(neverWas);
    if (this.#holder !== session) return;
    this.#holder = undefined;
    this.#callNext();
  }

  #callNext(): void {
    if (this.#holder === undefined) this.#waiting[0]?.request.onTurn();
  }

  #report(news: FragmentNews): void {
    this.#options.onFragment(news);
    if (news.type === 'received') return;
    const owner = this.#owners.get(news.info.ordinal);
    this.#owners.delete(news.info.ordinal);
    owner?.settle(news.info.ordinal, news.type === 'lost');
  }
}

function remove<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
}
