import { SignalingError } from './signaling-error.ts';

/** What clients send each other through a channel. */
export type MessageKind = 'SDP_OFFER' | 'SDP_ANSWER' | 'ICE_CANDIDATE';

/** A TURN server that an offer brings along for its receiver (webrtc-c does so). */
export interface OfferedIceServer {
  readonly Password: string;
  readonly Ttl: number;
  readonly Uris: readonly string[];
  readonly Username: string;
}

/** A message from a client, checked (kvs.md §6.2). */
export interface ClientMessage {
  readonly kind: MessageKind;
  /** Base64, as it came. */
  readonly payload: string;
  readonly recipientClientId: string | undefined;
  readonly correlationId: string | undefined;
  readonly iceServers: readonly OfferedIceServer[] | undefined;
}

/** "payload <= 10 K chars" */
export const MAX_PAYLOAD_CHARS = 10 * 1024;
/** What webrtc-c has room for when it receives an offer. */
const MAX_ICE_SERVERS = 5;
const MAX_ICE_URIS = 4;
const MAX_ICE_TEXT = 256;
const MAX_ICE_TTL = 86_400;

const CLIENT_ID = /^[a-zA-Z0-9_.-]{1,256}$/;
const BASE64 = /^[a-zA-Z0-9+/=]+$/;

/** May a client be called so? (ConnectAsViewer: names with `AWS_` are the service's own.) */
export function isClientId(text: string): boolean {
  return CLIENT_ID.test(text) && !/^aws_/i.test(text);
}

/**
 * Reads a text frame. webrtc-js writes member names in lowerCamel, webrtc-c most of them in UpperCamel: both are taken.
 * Throws SignalingError `InvalidArgumentException`, with the correlation id where one can be read.
 */
export function parseClientMessage(text: string): ClientMessage {
  const fields = parseObject(text);
  const correlationId = optionalName(fields, 'correlationId', undefined);
  const refuse = (message: string) => new SignalingError('InvalidArgumentException', message, correlationId);

  const action = member(fields, 'action');
  if (action !== 'SDP_OFFER' && action !== 'SDP_ANSWER' && action !== 'ICE_CANDIDATE') {
    throw refuse('The action must be SDP_OFFER, SDP_ANSWER or ICE_CANDIDATE.');
  }
  const payload = member(fields, 'messagePayload');
  if (typeof payload !== 'string' || payload === '') throw refuse('The message has no payload.');
  if (payload.length > MAX_PAYLOAD_CHARS) {
    throw refuse(`The payload is longer than ${MAX_PAYLOAD_CHARS} characters.`);
  }
  if (!BASE64.test(payload)) throw refuse('The payload is not base64.');
  const recipientClientId = optionalName(fields, 'recipientClientId', correlationId);
  const servers = action === 'SDP_OFFER' ? member(fields, 'iceServerList') : undefined;
  if (servers !== undefined && !isIceServerList(servers))
    throw refuse('The list of ICE servers is malformed.');
  return { kind: action, payload, recipientClientId, correlationId, iceServers: servers };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SignalingError('InvalidArgumentException', 'The message is not JSON.');
  }
  if (!isObject(value)) throw new SignalingError('InvalidArgumentException', 'The message is not an object.');
  return value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member by its lowerCamel name, in either casing. A null counts as absent. */
function member(fields: Readonly<Record<string, unknown>>, name: string): unknown {
  const upper = name.charAt(0).toUpperCase() + name.slice(1);
  return fields[name] ?? fields[upper] ?? undefined;
}

/** webrtc-c sends an empty name where it means none. */
function optionalName(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  correlationId: string | undefined,
): string | undefined {
  const value = member(fields, name);
  if (value === undefined || value === '') return undefined;
  if (typeof value === 'string' && CLIENT_ID.test(value)) return value;
  throw new SignalingError('InvalidArgumentException', `The ${name} is malformed.`, correlationId);
}

function isIceServerList(value: unknown): value is OfferedIceServer[] {
  return Array.isArray(value) && value.length <= MAX_ICE_SERVERS && value.every(isIceServer);
}

function isIceServer(value: unknown): value is OfferedIceServer {
  if (!isObject(value)) return false;
  const { Password, Ttl, Uris, Username } = value;
  return (
    [Password, Username].every(isShortText) &&
    Number.isInteger(Ttl) &&
    Number(Ttl) >= 0 &&
    Number(Ttl) <= MAX_ICE_TTL &&
    Array.isArray(Uris) &&
    Uris.length <= MAX_ICE_URIS &&
    Uris.every(isShortText)
  );
}

function isShortText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= MAX_ICE_TEXT;
}
