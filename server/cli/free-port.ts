import { once } from 'node:events';
import { createServer } from 'node:net';

/** The preferred port when nobody listens on it, else 0: any free one. */
export async function preferredPort(host: string, port: number): Promise<number> {
  const probe = createServer();
  try {
    probe.listen(port, host);
    await once(probe, 'listening');
    return port;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return 0;
    throw error;
  } finally {
    probe.close();
  }
}
