import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { LogStoreOptions } from '../fragments/stream/log-options.ts';
import { DEFAULT_STREAM_SETTINGS, type StreamSettings } from '../fragments/stream/stream-settings.ts';
import type { SupervisorLog } from '../ml/supervisor/supervisor-log.ts';
import type { WorkerSupervisorOptions } from '../ml/supervisor/worker-supervisor.ts';
import type { AccessOptions } from './access/access-control.ts';
import { streamNameOf } from './aws/kinesis/stream-arn.ts';
import type { MediaSettings } from './aws/kinesis-video/media-parts.ts';
import type { Config } from './config.ts';
import { ConfigError } from './config.ts';
import { modelDirectoryOf } from './detection/model-directory.ts';
import { DEFAULT_PUT_MEDIA_SETTINGS, type PutMediaSettings } from './ingest/put-media/put-media-settings.ts';
import { DEFAULT_RTMP_SETTINGS, type RtmpSettings } from './ingest/rtmp/rtmp-settings.ts';
import type { DestinationSettings } from './notify/destinations.ts';
import type { NotifierOptions } from './notify/notifier.ts';
import type { WholeFilesSettings } from './playback/whole-files.ts';
import { type IceServerSettings, iceUrlsOf } from './signaling/ice-servers.ts';
import { DEFAULT_SIGNALING_SETTINGS, type SignalingSettings } from './signaling/signaling-settings.ts';
import type { StreamRegistryOptions } from './streams/stream-registry.ts';

/** What each part of the server takes from the one configuration. */

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

function streamSettingsOf(config: Config): StreamSettings {
  return {
    ...DEFAULT_STREAM_SETTINGS,
    minFragmentMs: config.fragments.minMs,
    maxFragmentMs: config.fragments.maxMs,
    audioFragmentMs: config.fragments.audioOnlyMs,
    forwardJumpMs: config.fragments.jumpMs,
    partTargetMs: config.live.partMs,
    windowFragments: config.live.windowFragments,
    windowBytes: config.live.windowBytes,
  };
}

/** The owner of all leases: one process a data directory (data-dir-lock.ts), the same one after a restart. */
const LEASE_OWNER = 'server';
const LEASE_TTL_MS = 30_000;

export function registrySettingsOf(config: Config) {
  const { autoCreate, takeover, maxStreams, retentionHours, maxBytes } = config.streams;
  return {
    settings: streamSettingsOf(config),
    owner: LEASE_OWNER,
    leaseTtlMs: LEASE_TTL_MS,
    autoCreate,
    takeover,
    maxStreams,
    retention: { retentionHours, maxBytes },
  } satisfies Partial<StreamRegistryOptions>;
}

export function logSettingsOf(config: Config) {
  return {
    directory: config.dataDir,
    syncPolicy: config.log.sync,
    syncIntervalMs: config.log.syncIntervalMs,
    fileMaxMs: config.log.fileMaxSeconds * 1000,
    fileMaxBytes: config.log.fileMaxBytes,
    streamBacklogBytes: config.log.backlogBytesPerStream,
    totalBacklogBytes: config.log.backlogBytes,
    reserveBytes: config.log.diskReserveBytes,
    ...(config.log.warmDirectory === undefined ? {} : { warmDirectory: config.log.warmDirectory }),
  } satisfies LogStoreOptions;
}

export function rtmpSettingsOf(config: Config): RtmpSettings {
  const { session } = DEFAULT_RTMP_SETTINGS;
  const { maxMessageBytes } = config.rtmp;
  return {
    ...DEFAULT_RTMP_SETTINGS,
    session: {
      ...session,
      limits: {
        ...session.limits,
        maxMessageBytes,
        maxPartialBytes: Math.max(session.limits.maxPartialBytes, 2 * maxMessageBytes),
      },
    },
    maxConnections: config.rtmp.maxConnections,
    maxConnectionsPerAddress: config.rtmp.maxConnectionsPerAddress,
    handshakeTimeoutMs: config.rtmp.handshakeTimeoutMs,
    idleTimeoutMs: config.rtmp.idleTimeoutMs,
  };
}

export function signalingSettingsOf(config: Config): SignalingSettings {
  const { maxViewers, idleMinutes, connectionMinutes, connectsPerSecond, sdpPerSecond, icePerSecond } =
    config.signaling;
  return {
    ...DEFAULT_SIGNALING_SETTINGS,
    maxViewers,
    idleMs: idleMinutes === null ? null : idleMinutes * MINUTE_MS,
    maxConnectionMs: connectionMinutes === null ? null : connectionMinutes * MINUTE_MS,
    connectsPerSecond,
    sdpPerSecond,
    icePerSecond,
  };
}

export function iceServersOf(config: Config): IceServerSettings {
  const { urls, secret, ttlSeconds } = config.signaling.iceServers;
  return { urls: urls === undefined ? [] : iceUrlsOf(urls), secret, ttlSeconds };
}

export function accessSettingsOf(config: Config): Omit<AccessOptions, 'onRefused'> {
  return {
    open: config.access.open,
    sessionLifetimeMs: config.access.sessionHours * HOUR_MS,
    loginLinkLifetimeMs: config.access.loginLinkMinutes * MINUTE_MS,
  };
}

export function putMediaSettingsOf(config: Config): PutMediaSettings {
  const { maxFragmentSeconds, maxSessionMinutes, idleSeconds, ...same } = config.putMedia;
  return {
    ...DEFAULT_PUT_MEDIA_SETTINGS,
    ...same,
    maxFragmentMs: maxFragmentSeconds * 1000,
    maxSessionMs: maxSessionMinutes * MINUTE_MS,
    idleEndMs: idleSeconds * 1000,
    jumpMs: config.fragments.jumpMs,
    maxPendingBytes: config.log.backlogBytesPerStream / 2,
  };
}

export function mediaSettingsOf(config: Config): MediaSettings {
  const { maxConnectionMinutes, maxConnectionsPerStream } = config.getMedia;
  return {
    maxConnectionsPerStream,
    maxConnectionMs: maxConnectionMinutes * MINUTE_MS,
    longestFragmentMs: Math.max(config.fragments.maxMs, config.fragments.audioOnlyMs),
  };
}

/** A decoder that reaches the first is replaced, one that reaches the second is ended (detection.md §8). */
const DECODER_RECYCLE_BYTES = 450 * 1024 * 1024;
const DECODER_MAX_BYTES = 700 * 1024 * 1024;
const DECODER_IDLE_MS = MINUTE_MS;

export function wholeFilesSettingsOf(config: Config): WholeFilesSettings {
  const { decoder, processes, maxWaiting, timeoutMs, cacheBytes } = config.images;
  return {
    clipLimits: config.clip,
    imageCacheBytes: cacheBytes,
    decoders: {
      decoder,
      processes,
      maxWaiting,
      maxWaitMs: 3 * timeoutMs,
      jobTimeoutMs: timeoutMs,
      idleMs: DECODER_IDLE_MS,
      recycleRssBytes: DECODER_RECYCLE_BYTES,
      maxRssBytes: DECODER_MAX_BYTES,
    },
  };
}

/** The event loop and the kernel want one processor for the video that comes and goes. */
export function supervisorSettingsOf(
  config: Config,
  log: SupervisorLog,
  now: () => number,
): WorkerSupervisorOptions {
  const { workers, decoder } = config.detection;
  return {
    workers: workers ?? Math.max(1, availableParallelism() - 1),
    decoder,
    modelDirectory: modelDirectoryOf(config),
    log,
    now,
  };
}

const DELIVERY_BYTES = 256 * 1024 * 1024;
const MAX_IMAGE_FRAGMENTS = 500;

/** Where notifications and images may go. */
export function destinationsOf({ aws, notify: { imageDirectory, s3 } }: Config): DestinationSettings {
  return {
    dataStreamOf: (arn) => streamNameOf(aws, arn),
    ...(imageDirectory === undefined ? {} : { imageDirectory }),
    ...(s3 === undefined ? {} : { s3 }),
  };
}

export function notifierSettingsOf(config: Config) {
  const { timeoutMs, attempts, maxWaiting } = config.notify;
  return {
    destinations: destinationsOf(config),
    deliveries: {
      timeoutMs,
      attempts,
      maxPerDestination: maxWaiting,
      maxBytes: DELIVERY_BYTES,
      backoffMs: 500,
      maxBackoffMs: MINUTE_MS,
      drainMs: 3000,
    },
    maxImageFragments: MAX_IMAGE_FRAGMENTS,
  } satisfies Partial<NotifierOptions>;
}

/** Reads a certificate and its key. Throws ConfigError `unreadable`. */
export function readTls(files: { readonly certFile: string; readonly keyFile: string }): {
  readonly cert: Buffer;
  readonly key: Buffer;
} {
  const read = (path: string): Buffer => {
    try {
      return readFileSync(path);
    } catch (cause) {
      throw new ConfigError('unreadable', [`the TLS file cannot be read: ${(cause as Error).message}`], {
        cause,
      });
    }
  };
  return { cert: read(files.certFile), key: read(files.keyFile) };
}
