import type { DatabaseSync } from 'node:sqlite';

/** More than these are not remembered at a time, but looked up. */
const MAX_REMEMBERED = 10_000;

/** The numbers that stand for names of streams and for terms in the rows of events. */
export class EventNames {
  readonly #statements;
  readonly #streams = new Map<string, number>();
  readonly #terms = new Map<string, number>();

  constructor(database: DatabaseSync) {
    this.#statements = {
      stream: database.prepare('SELECT id FROM streams WHERE name = ?'),
      streams: database.prepare('SELECT id, name FROM streams WHERE name IS NOT NULL ORDER BY name'),
      addStream: database.prepare('INSERT INTO streams (name) VALUES (?) RETURNING id'),
      retireStream: database.prepare('UPDATE streams SET name = NULL WHERE name = ?'),
      retired: database.prepare('SELECT id FROM streams WHERE name IS NULL LIMIT 1'),
      forgetStream: database.prepare('DELETE FROM streams WHERE id = ?'),
      term: database.prepare('SELECT id FROM terms WHERE text = ?'),
      addTerm: database.prepare('INSERT INTO terms (text) VALUES (?) RETURNING id'),
    };
  }

  stream(name: string): number | undefined {
    return lookUp(this.#streams, name, () => numberOf(this.#statements.stream.get(name)));
  }

  /** Its number; a new one for a new name. */
  streamToWrite(name: string): number {
    return this.stream(name) ?? remember(this.#streams, name, numberOf(this.#statements.addStream.get(name)));
  }

  streams(): readonly { readonly id: number; readonly name: string }[] {
    return this.#statements.streams.all() as unknown as { readonly id: number; readonly name: string }[];
  }

  /** Nobody finds its rows by name any more. */
  retireStream(name: string): void {
    this.#statements.retireStream.run(name);
    this.#streams.delete(name);
  }

  /** A stream without name whose rows are still there. */
  retired(): number | undefined {
    return numberOf(this.#statements.retired.get());
  }

  forgetStream(id: number): void {
    this.#statements.forgetStream.run(id);
  }

  term(text: string): number | undefined {
    return lookUp(this.#terms, text, () => numberOf(this.#statements.term.get(text)));
  }

  termToWrite(text: string): number {
    return this.term(text) ?? remember(this.#terms, text, numberOf(this.#statements.addTerm.get(text)));
  }

  /** A transaction that may have made names was rolled back. */
  forgetAll(): void {
    this.#streams.clear();
    this.#terms.clear();
  }
}

function lookUp(
  known: Map<string, number>,
  text: string,
  find: () => number | undefined,
): number | undefined {
  const id = known.get(text) ?? find();
  return id === undefined ? undefined : remember(known, text, id);
}

function remember(known: Map<string, number>, text: string, id: number | undefined): number {
  if (id === undefined) throw new TypeError(`${text} was not given a number`);
  if (known.size >= MAX_REMEMBERED) known.clear();
  known.set(text, id);
  return id;
}

function numberOf(row: Readonly<Record<string, unknown>> | undefined): number | undefined {
  return row === undefined ? undefined : Number(row.id);
}
