import { createHmac } from 'node:crypto';

/** STUN and TURN servers that clients are told of. */
export interface IceServerSettings {
  /** `stun:host:port`, `turn:host:port?transport=udp`, `turns:...`; at most MAX_ICE_URLS. */
  readonly urls: readonly string[];
  /** Shared with the TURN servers (coturn: `use-auth-secret`, `static-auth-secret`). Without it TURN servers get no credentials. */
  readonly secret: string | undefined;
  /** How long credentials are good. */
  readonly ttlSeconds: number;
}

/** One entry of IceServerList, in the shape of the model `kinesis-video-signaling`. */
export interface IceServer {
  readonly Uris: readonly string[];
  readonly Username?: string;
  readonly Password?: string;
  readonly Ttl: number;
}

/** What webrtc-c has room for: five entries of four URLs. One of the five may be half full, so that kinds are not mixed. */
const URLS_OF_ENTRY = 4;
export const MAX_ICE_URLS = 16;

const ICE_URL = /^(?:stuns?|turns?):[a-zA-Z0-9.[\]:-]{1,230}(?:\?transport=(?:udp|tcp))?$/;

/** Is it a list of URLs of ICE servers (RFC 7064, RFC 7065) with commas between them, as the configuration has it? */
export function isIceUrlList(text: string): boolean {
  const urls = iceUrlsOf(text);
  return urls.length <= MAX_ICE_URLS && urls.every((url) => ICE_URL.test(url));
}

/** The URLs of the list. */
export function iceUrlsOf(text: string): string[] {
  return text.split(',').map((url) => url.trim());
}

/**
 * The list of GetIceServerConfig (kvs.md §6.3). TURN credentials are made as the "TURN REST" draft has it (draft-uberti-behave-turn-rest-00
 * §2.2): the name holds the time of expiry, the password is an HMAC-SHA1 of the name. The TURN server needs no list of users.
 */
export function iceServersFor(settings: IceServerSettings, user: string, nowMs: number): IceServer[] {
  const { urls, secret, ttlSeconds } = settings;
  const isTurn = (url: string) => url.startsWith('turn');
  const credentials = secret === undefined ? {} : turnCredentials(secret, user, nowMs + ttlSeconds * 1000);
  return [
    ...entries(
      urls.filter((url) => !isTurn(url)),
      { Ttl: ttlSeconds },
    ),
    ...entries(urls.filter(isTurn), { ...credentials, Ttl: ttlSeconds }),
  ];
}

function turnCredentials(secret: string, user: string, expiresMs: number) {
  const Username = `${Math.floor(expiresMs / 1000)}:${user}`;
  return { Username, Password: createHmac('sha1', secret).update(Username).digest('base64') };
}

function entries(urls: readonly string[], rest: Omit<IceServer, 'Uris'>): IceServer[] {
  const count = Math.ceil(urls.length / URLS_OF_ENTRY);
  return Array.from({ length: count }, (_, index) => ({
    Uris: urls.slice(index * URLS_OF_ENTRY, (index + 1) * URLS_OF_ENTRY),
    ...rest,
  }));
}
