import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { connectAsync, type MqttClient } from 'mqtt';
import { until } from '../../../e2e/support/until.ts';

/** A message as a subscriber got it. */
export interface Received {
  readonly topic: string;
  readonly text: string;
  readonly bytes: Buffer;
  readonly retain: boolean;
}

/** A real broker on a port of its own, which can be stopped and started again. */
export class Mosquitto {
  readonly port: number;
  readonly directory: string;
  readonly #lines: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, directory: string, lines: readonly string[]) {
    this.port = port;
    this.directory = directory;
    this.#lines = lines;
  }

  /** `lines` go into its configuration beside the listener; it ends with the test. */
  static async start(
    t: TestContext,
    lines: readonly string[] = ['allow_anonymous true'],
  ): Promise<Mosquitto> {
    const directory = mkdtempSync(join(tmpdir(), 'framelog-mosquitto-'));
    const broker = new Mosquitto(await freePort(), directory, lines);
    t.after(async () => {
      await broker.stop();
      rmSync(directory, { recursive: true, force: true });
    });
    await broker.start();
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const file = join(this.directory, 'mosquitto.conf');
    // As root it would change to a user who cannot read our files.
    writeFileSync(file, [`listener ${this.port} 127.0.0.1`, 'user root', ...this.#lines, ''].join('\n'));
    const broker = spawn('/usr/sbin/mosquitto', ['-c', file], { stdio: 'ignore' });
    this.#process = broker;
    await until('the broker listens', () => {
      if (broker.exitCode !== null) throw new Error(`mosquitto ended with ${broker.exitCode}`);
      return listens(this.port);
    });
  }

  /** By default as a power cut would: nothing that it holds in memory is kept. */
  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const broker = this.#process;
    this.#process = undefined;
    if (broker === undefined || broker.exitCode !== null || broker.signalCode !== null) return;
    broker.kill(signal);
    await once(broker, 'exit');
  }

  /**
   * Subscribes to everything; resolves when the broker has confirmed it. It comes back after an outage; a broker that keeps its state
   * keeps its messages meanwhile.
   */
  async subscribe(t: TestContext, filter = '#'): Promise<Subscriber> {
    const client = await connectAsync(this.url, {
      reconnectPeriod: 50,
      protocolVersion: 5,
      clean: false,
      clientId: `subscriber-${randomUUID()}`,
      properties: { sessionExpiryInterval: 3600 },
    });
    t.after(() => client.endAsync(true));
    const subscriber = new Subscriber(client);
    await client.subscribeAsync(filter, { qos: 1, rap: true });
    return subscriber;
  }
}

/** Remembers every message. */
export class Subscriber {
  readonly messages: Received[] = [];

  constructor(client: MqttClient) {
    client.on('message', (topic, payload, { retain }) => {
      this.messages.push({ topic, text: payload.toString(), bytes: payload, retain });
    });
  }

  texts(topic: string): string[] {
    return this.messages.filter((message) => message.topic === topic).map(({ text }) => text);
  }

  last(topic: string): string | undefined {
    return this.texts(topic).at(-1);
  }

  until(topic: string, text: string): Promise<unknown> {
    return until(`${topic} is ${text} (it is ${this.last(topic)})`, () => this.last(topic) === text, 10_000);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function listens(port: number): Promise<boolean> {
  const socket = createConnection({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
