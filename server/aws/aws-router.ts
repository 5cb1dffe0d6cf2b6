import type { IncomingMessage } from 'node:http';
import type { AwsHandler, AwsService, AwsStreamHandler } from './aws-call.ts';
import { loadModel, type Operation } from './model.ts';
import { splitTarget } from './sigv4-request.ts';
import { isAwsMediaType } from './targeted-request.ts';

/** An operation with the code that makes it. */
export interface RoutedOperation {
  readonly operation: Operation;
  readonly handler: AwsHandler | undefined;
  readonly streamHandler: AwsStreamHandler | undefined;
}

/**
 * Finds the operation that a request names: by method and exact path (rest-json; case matters, kvs.md §1), or by the
 * `X-Amz-Target` header of a POST, whatever its path (json).
 */
export class AwsRouter {
  readonly #byPath = new Map<string, RoutedOperation>();
  readonly #byTarget = new Map<string, RoutedOperation>();

  /** Throws for a service that has operations which its model does not know, and for two that share a path. */
  constructor(services: readonly AwsService[]) {
    for (const service of services) this.#add(service);
  }

  /** All operations that are answered. */
  operations(): RoutedOperation[] {
    return [...this.#byPath.values(), ...this.#byTarget.values()];
  }

  find(request: IncomingMessage): RoutedOperation | undefined {
    const target = request.headers['x-amz-target'];
    if (typeof target === 'string' && request.method === 'POST') return this.#byTarget.get(target);
    const found = this.#byPath.get(pathOf(request));
    return found?.operation.method === request.method ? found : undefined;
  }

  /** Is it a request of an AWS client, also one that names no operation of ours? */
  claims(request: IncomingMessage): boolean {
    const { headers, method } = request;
    // Pages are not posted to at `/`.
    if (method === 'POST' && (pathOf(request) === '/' || isAwsMediaType(request))) return true;
    if (method === 'POST' || method === 'OPTIONS') {
      if (headers['x-amz-target'] !== undefined || this.#byPath.has(pathOf(request))) return true;
      // A browser asks before it sends what the page signed.
      if (headers['access-control-request-headers']?.includes('x-amz-') === true) return true;
    }
    return headers.authorization?.startsWith('AWS4-') === true;
  }

  #add(service: AwsService): void {
    const model = loadModel(service.model);
    const { handlers, streamHandlers = {} } = service;
    for (const name of [...Object.keys(handlers), ...Object.keys(streamHandlers)]) {
      const operation = model.operations.get(name);
      if (operation === undefined) throw new Error(`the model ${model.name} has no operation ${name}`);
      const table = model.targetPrefix === undefined ? this.#byPath : this.#byTarget;
      const key = model.targetPrefix === undefined ? operation.path : `${model.targetPrefix}.${name}`;
      if (table.has(key)) throw new Error(`two operations are at ${key}`);
      table.set(key, { operation, handler: handlers[name], streamHandler: streamHandlers[name] });
    }
  }
}

function pathOf(request: IncomingMessage): string {
  return splitTarget(request.url ?? '/').path;
}
