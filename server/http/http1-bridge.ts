import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  request as startRequest,
} from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';

/** Fields that belong to one connection and mean nothing on another (RFC 9110 §7.6.1; forbidden in HTTP/2). */
const CONNECTION_FIELDS = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'proxy-connection',
  'te',
]);

/**
 * Lets an express app answer HTTP/2 requests. Express puts its own prototypes, made for HTTP/1, on the request and
 * the response, which breaks node:http2's. So an HTTP/2 request is carried to the app over an HTTP/1 connection that
 * lies in memory: the app sees the real thing, streaming and back-pressure included. Media never takes this way.
 */
export function bridgeToHttp1(app: RequestListener): RequestListener {
  const inner = createServer(app);

  return (request, response) => {
    const [ours, theirs] = duplexPair();
    inner.emit('connection', withAddress(theirs, request));
    const upstream = startRequest({
      createConnection: () => ours,
      method: request.method,
      path: request.url,
      headers: requestFields(request),
    });
    upstream.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 500, endToEnd(answer.headers));
      answer.on('error', () => response.destroy());
      answer.pipe(response);
    });
    upstream.on('error', () => response.destroy());
    response.on('close', () => {
      upstream.destroy();
      ours.destroy();
      theirs.destroy();
    });
    request.pipe(upstream);
  };
}

/** Express tells the client's address, and that the way was encrypted, from the socket. */
function withAddress(duplex: Duplex, request: IncomingMessage): Duplex {
  const { remoteAddress, remotePort, localAddress, localPort } = request.socket;
  const encrypted = 'encrypted' in request.socket && request.socket.encrypted === true;
  return Object.assign(duplex, { remoteAddress, remotePort, localAddress, localPort, encrypted });
}

function requestFields(request: IncomingMessage): IncomingHttpHeaders {
  const authority = request.headers[':authority'];
  const fields = endToEnd(request.headers);
  if (typeof authority === 'string') fields.host = authority;
  return fields;
}

function endToEnd(fields: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(
    Object.entries(fields).filter(([name]) => !name.startsWith(':') && !CONNECTION_FIELDS.has(name)),
  );
}
