import { randomUUID } from 'node:crypto';
import type { Principal } from '../access/access.ts';
import type { UpgradeRefusal } from '../http/upgrades.ts';
import type { Seat } from './channel-relay.ts';
import { isClientId } from './client-message.ts';
import { SignalingError } from './signaling-error.ts';

/** What a handshake asks for: ConnectAsMaster, or with a client id ConnectAsViewer (kvs.md §6.2). */
export interface SeatRequest {
  readonly channelArn: string;
  /** As the ARN says it. */
  readonly channelName: string;
  readonly seat: Seat;
}

const CHANNEL_ARN = /^arn:aws:kinesisvideo:[a-z0-9-]+:[0-9]+:channel\/([a-zA-Z0-9_.-]{1,256})\/[0-9]+$/;
const MAX_ARN_LENGTH = 1024;

/** Reads the query of a handshake. Throws SignalingError `InvalidArgumentException`. */
export function readSeatRequest(query: URLSearchParams): SeatRequest {
  const channelArn = query.get('X-Amz-ChannelARN') ?? '';
  const channelName = channelArn.length > MAX_ARN_LENGTH ? undefined : CHANNEL_ARN.exec(channelArn)?.[1];
  if (channelName === undefined) {
    throw new SignalingError(
      'InvalidArgumentException',
      'X-Amz-ChannelARN must be the ARN of a signaling channel.',
    );
  }
  const clientId = query.get('X-Amz-ClientId');
  if (clientId === null) return { channelArn, channelName, seat: { role: 'master' } };
  if (!isClientId(clientId)) {
    const rule =
      'X-Amz-ClientId must be 1 to 256 of the characters a-z, A-Z, 0-9, _, ., - and not begin with AWS_.';
    throw new SignalingError('InvalidArgumentException', rule);
  }
  return { channelArn, channelName, seat: { role: 'viewer', clientId } };
}

/**
 * May the caller take the seat? Rights of keys name channels as they name streams: a camera publishes, as the master of its channel; who
 * may view it may be a viewer. Throws SignalingError `AccessDeniedException`.
 */
export function checkRight(principal: Principal, { channelName: stream, seat }: SeatRequest): void {
  const may =
    seat.role === 'master'
      ? principal.may({ action: 'publish', stream })
      : principal.may({ action: 'view', stream, of: 'live' });
  if (!may)
    throw new SignalingError('AccessDeniedException', `This key may not be a ${seat.role} of the channel.`);
}

/** The answer to a handshake that is refused. */
export function refusalOf(error: SignalingError): UpgradeRefusal {
  return {
    status: error.status,
    headers: {
      'Content-Type': 'application/json',
      'x-amzn-ErrorType': error.code,
      'x-amzn-RequestId': randomUUID(),
    },
    // webrtc-c looks here for "Signature expired", and sets its clock by the `Date` header (kvs.md §1.6).
    body: JSON.stringify({ Message: error.message }),
  };
}
