import { resolve, sep } from 'node:path';
import type { S3Access } from './s3-request.ts';

/** Where notifications go. */
export type NotificationDestination =
  | { readonly type: 'webhook'; readonly url: URL }
  | { readonly type: 'data-stream'; readonly name: string };

/** Where images go. */
export type ImageDestination =
  | { readonly type: 'folder'; readonly path: string }
  | { readonly type: 'bucket'; readonly bucket: string; readonly prefix: string; readonly access: S3Access };

/** What the operator allows of destinations. */
export interface DestinationSettings {
  /** Folder below which `file://` destinations lie; without it there are none. */
  readonly imageDirectory?: string;
  /** Without it there are no `s3://` destinations. */
  readonly s3?: S3Access;
  /** The name of the data stream of this server that an ARN means; without it notifications go to no data stream. */
  readonly dataStreamOf?: (arn: string) => string | undefined;
}

/** A URI that nothing can be delivered to; the message is for who configured it. */
export class DestinationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DestinationError';
  }
}

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** Throws DestinationError. */
export function notificationDestinationOf(
  uri: string,
  settings: DestinationSettings,
): NotificationDestination {
  if (!uri.startsWith('arn:')) return { type: 'webhook', url: webhookOf(uri) };
  const name = settings.dataStreamOf?.(uri);
  if (name === undefined) {
    throw new DestinationError(
      'Notifications go to an https: or http: URL, or to the ARN of a data stream of this server; topics are not delivered to.',
    );
  }
  return { type: 'data-stream', name };
}

/** The URL of a webhook. Throws DestinationError. */
export function webhookOf(uri: string): URL {
  const url = URL.parse(uri);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new DestinationError('Notifications go to an https: or http: URL.');
  }
  if (/%(?![0-9a-f]{2})/i.test(url.username + url.password)) {
    throw new DestinationError('The name and the password in the URL are not escaped well.');
  }
  return url;
}

/** Throws DestinationError. */
export function imageDestinationOf(uri: string, settings: DestinationSettings): ImageDestination {
  const [, scheme = '', rest = ''] = /^([a-z0-9]+):\/\/(.+)$/i.exec(uri) ?? [];
  switch (scheme.toLowerCase()) {
    case 's3':
      return bucketOf(rest, settings.s3);
    case 'file':
      return folderOf(rest, settings.imageDirectory);
    default:
      throw new DestinationError('Images go to s3://BUCKET/PREFIX, or to file://FOLDER of the server.');
  }
}

function bucketOf(rest: string, access: S3Access | undefined): ImageDestination {
  if (access === undefined) {
    throw new DestinationError('This server has no S3 store (settings notify.s3.*).');
  }
  const [bucket = '', ...prefix] = rest.split('/');
  if (!BUCKET.test(bucket)) throw new DestinationError(`There can be no bucket called ${bucket}.`);
  return { type: 'bucket', bucket, prefix: prefix.filter((part) => part !== '').join('/'), access };
}

/** Whoever may configure streams may not write just anywhere: folders lie below the operator's own. */
function folderOf(rest: string, root: string | undefined): ImageDestination {
  if (root === undefined) {
    throw new DestinationError('This server keeps no images in folders (setting notify.imageDirectory).');
  }
  const base = resolve(root);
  const path = resolve(base, rest);
  if (rest.includes('\0') || !`${path}${sep}`.startsWith(`${base}${sep}`)) {
    throw new DestinationError('The folder must lie within notify.imageDirectory.');
  }
  return { type: 'folder', path };
}

/** Why nothing can be delivered to a URI; `undefined` when it can. For the control plane. */
export function destinationProblem(
  use: 'notification' | 'imageGeneration',
  uri: string,
  settings: DestinationSettings,
): string | undefined {
  try {
    if (use === 'notification') notificationDestinationOf(uri, settings);
    else imageDestinationOf(uri, settings);
    return undefined;
  } catch (error) {
    if (error instanceof DestinationError) return error.message;
    throw error;
  }
}
