import { RtmpError } from './rtmp-error.ts';

/**
 * Which stream is meant, and with which secret: from the three places where RTMP clients put the parts of
 * `rtmp://user:password@host/live/<stream>?key=<secret>`.
 */

/** What a publish or play asks for. */
export interface RtmpTarget {
  readonly stream: string;
  /** Stream key or password; `undefined` when none was given. Never logged. */
  readonly secret: string | undefined;
  /** `token=`: a playback token for players, another spelling of the key for publishers. Never logged. */
  readonly token: string | undefined;
}

/** Where clients say it. `app` and `tcUrl` come with `connect`, `name` with `publish` or `play`. */
export interface RtmpTargetParts {
  readonly app: string;
  readonly tcUrl: string;
  readonly name: string;
}

/** The application part of every URL of ours: `rtmp://host/live/<stream>`. */
export const RTMP_APP = 'live';
/** The application that asks for user and password before anything else: `rtmp://<key id>:<secret>@host/auth/<stream>`. */
export const RTMP_AUTH_APP = 'auth';

const KEY_NAMES = ['key', 'password', 'pass'];

/** The first path segment of the app, without query: `live` of `live/cam?key=x`. */
export function appName(app: string): string {
  return (
    splitQuery(app)
      .path.split('/')
      .find((segment) => segment !== '') ?? ''
  );
}

/**
 * Finds stream and secret. The name's own query comes first (OBS: the key field is `<stream>?key=...`), then the
 * app's and the tcUrl's, then user and password of the tcUrl. Throws RtmpError `bad-url` for broken percent signs, an
 * empty name, or more than one path segment.
 */
export function readTarget(parts: RtmpTargetParts): RtmpTarget {
  const name = splitQuery(parts.name);
  const app = splitQuery(parts.app);
  const tcUrl = splitQuery(parts.tcUrl);
  const segments = `${app.path}/${name.path}`.split('/').filter((segment) => segment !== '');
  const stream = segments.length === 2 ? decode(segments[1] as string) : '';
  if (stream === '') throw new RtmpError('bad-url', `expected ${RTMP_APP}/<stream>`);
  const queries = [name.query, app.query, tcUrl.query];
  return {
    stream,
    secret: firstValue(queries, KEY_NAMES) ?? passwordOf(tcUrl.path),
    token: firstValue(queries, ['token']),
  };
}

function splitQuery(text: string): { readonly path: string; readonly query: string } {
  const at = text.indexOf('?');
  return at < 0 ? { path: text, query: '' } : { path: text.slice(0, at), query: text.slice(at + 1) };
}

function firstValue(queries: readonly string[], names: readonly string[]): string | undefined {
  for (const query of queries) {
    for (const pair of query.split('&')) {
      const at = pair.indexOf('=');
      // A plus sign stays one: keys are Base64 in some systems, and no RTMP client encodes a form.
      if (at > 0 && at < pair.length - 1 && names.includes(pair.slice(0, at)))
        return decode(pair.slice(at + 1));
    }
  }
  return undefined;
}

/** The password of `scheme://user:password@host/...`, or the user where there is no password. */
function passwordOf(url: string): string | undefined {
  const userInfo = /^[a-z]+:\/\/([^/@]*)@/i.exec(url)?.[1];
  if (userInfo === undefined) return undefined;
  const secret = decode(userInfo.slice(userInfo.indexOf(':') + 1));
  return secret === '' ? undefined : secret;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    // The text may be a secret: it stays out of the message.
    throw new RtmpError('bad-url', 'percent sign without two hexadecimal digits', { cause: error });
  }
}

/** Where our publisher connects to, and what it asks for there. */
export interface RtmpUrl {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly app: string;
  /** Without user, password and query. */
  readonly tcUrl: string;
  /** Stream name with its query: what goes into `publish`. */
  readonly name: string;
}

/** Takes `rtmp://` and `rtmps://` URLs apart. User and password travel as `key=`. Throws RtmpError `bad-url`. */
export function parseRtmpUrl(text: string): RtmpUrl {
  if (!URL.canParse(text)) throw new RtmpError('bad-url', 'not a URL');
  const url = new URL(text);
  const isTls = url.protocol === 'rtmps:';
  if (!isTls && url.protocol !== 'rtmp:') throw new RtmpError('bad-url', `${url.protocol} is not RTMP`);
  const segments = url.pathname.split('/').filter((segment) => segment !== '');
  const name = segments.pop();
  if (name === undefined || segments.length === 0) {
    throw new RtmpError('bad-url', 'an RTMP URL is rtmp://host/app/stream');
  }
  const app = segments.join('/');
  const query = new URLSearchParams(url.search);
  if (url.password !== '' && !query.has('key')) query.set('key', decode(url.password));
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isTls ? 443 : 1935) : Number(url.port),
    isTls,
    app,
    tcUrl: `${url.protocol}//${url.host}/${app}`,
    name: query.size === 0 ? name : `${name}?${query.toString().replaceAll('+', '%20')}`,
  };
}
