import type { ReplyEnvelope, RequestEnvelope } from './worker-process.ts';

/** Ctrl-C and service managers signal a whole group of processes: when a worker ends is for who started it to say. */
const SIGNALS_OF_GROUPS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * The other end of a WorkerProcess: answers what it is asked for, and ends with the process that started it. What `answer`
 * throws ends the process.
 */
export function serveRequests<Request, Reply>(answer: (request: Request) => Promise<Reply>): void {
  for (const signal of SIGNALS_OF_GROUPS) process.on(signal, () => {});
  process.on('disconnect', () => process.exit(0));
  process.on('message', ({ id, request }: RequestEnvelope<Request>) => {
    void answer(request).then((reply) => {
      const envelope: ReplyEnvelope<Reply> = { id, reply, rssBytes: process.memoryUsage.rss() };
      if (process.connected) process.send?.(envelope);
    });
  });
}
