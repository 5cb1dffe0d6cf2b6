import type { TestContext } from 'node:test';
import {
  GetMediaCommand,
  type KinesisVideoMediaClient,
  type StartSelector,
} from '@aws-sdk/client-kinesis-video-media';
import { type CheckedFragment, checkFragments, checkParserRules } from './matroska-checker.ts';

/** A consumer of GetMedia: reads only while it is asked for something. */
export class MediaConsumer {
  readonly contentType: string | undefined;
  readonly #abort: AbortController;
  readonly #body: AsyncIterator<Buffer>;
  readonly #fragments: CheckedFragment[] = [];
  /** Behind the last complete fragment. */
  #rest: Buffer[] = [];
  isOver = false;

  private constructor(contentType: string | undefined, body: AsyncIterable<Buffer>, abort: AbortController) {
    this.contentType = contentType;
    this.#body = body[Symbol.asyncIterator]();
    this.#abort = abort;
  }

  static async start(
    t: TestContext,
    client: KinesisVideoMediaClient,
    StreamName: string,
    StartSelector: StartSelector,
  ): Promise<MediaConsumer> {
    const abort = new AbortController();
    const command = new GetMediaCommand({ StreamName, StartSelector });
    const { ContentType, Payload } = await client.send(command, { abortSignal: abort.signal });
    const body = Payload as unknown as AsyncIterable<Buffer> & { destroy(): void };
    t.after(() => {
      abort.abort();
      body.destroy();
    });
    return new MediaConsumer(ContentType, body, abort);
  }

  /** What came behind the last complete fragment that was asked for. */
  get rest(): Buffer {
    return Buffer.concat(this.#rest);
  }

  /** Reads one piece more; false at the end. */
  async read(): Promise<boolean> {
    const next = await this.#body.next();
    if (next.done === true) this.isOver = true;
    else this.#rest.push(next.value);
    return !this.isOver;
  }

  /** Reads until it has this many complete fragments in all, and checks the rules of the parser library on them. */
  async fragments(count: number): Promise<CheckedFragment[]> {
    while (this.#fragments.length < count) {
      const rest = Buffer.concat(this.#rest);
      const fragments = checkFragments(rest, this.isOver);
      this.#fragments.push(...fragments);
      const takenBytes = fragments.reduce((sum, { bytes }) => sum + bytes.length, 0);
      this.#rest = [rest.subarray(takenBytes)];
      if (this.#fragments.length >= count) break;
      if (!(await this.read())) throw new Error(`the media ended after ${this.#fragments.length} fragments`);
    }
    checkParserRules(this.#fragments);
    return [...this.#fragments];
  }

  /** Reads to the end. Throws when that is not a proper end. */
  async end(): Promise<void> {
    while (await this.read());
  }

  hangUp(): void {
    this.#abort.abort();
  }
}

/** Numbers of fragments, in their order. */
export function numbersOf(fragments: readonly CheckedFragment[]): string[] {
  return fragments.map(({ before }) => before.get('AWS_KINESISVIDEO_FRAGMENT_NUMBER') ?? '');
}
