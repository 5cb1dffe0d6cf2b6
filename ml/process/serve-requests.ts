import type { ReplyEnvelope, RequestEnvelope } from './worker-process.ts';

/**
 * The other end of a WorkerProcess: answers what it is asked for, and ends with the process that started it. What `answer`
 * throws ends the process.
 */
export function serveRequests<Request, Reply>(answer: (request: Request) => Promise<Reply>): void {
  process.on('disconnect', () => process.exit(0));
  process.on('message', ({ id, request }: RequestEnvelope<Request>) => {
    void answer(request).then((reply) => {
      const envelope: ReplyEnvelope<Reply> = { id, reply, rssBytes: process.memoryUsage.rss() };
      if (process.connected) process.send?.(envelope);
    });
  });
}
