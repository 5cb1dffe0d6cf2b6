import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Access } from '../access/access.ts';
import type { AccessControl } from '../access/access-control.ts';
import type { KeyCatalog } from '../catalog/catalog.ts';
import type { Webhooks } from '../delivery/webhooks/webhooks.ts';
import type { DetectionService } from '../detection/detection-service.ts';
import type { EventStore } from '../detection/event-store.ts';
import type { SinkState } from '../detection/sink-runner.ts';
import type { FaceEnrollment } from '../faces/enrollment.ts';
import type { Galleries } from '../faces/gallery.ts';
import type { LookbackJobs } from '../lookback/lookback-jobs.ts';
import type { HealthReport } from '../observe/health.ts';
import type { ConsumerGroups } from '../records/groups/consumer-groups.ts';
import type { RecordService } from '../records/record-service.ts';
import type { StreamService } from '../streams/stream-service.ts';

/** What the web app is made of. Everything comes from outside, the time too: nothing here opens a file or a socket. */
export interface WebDependencies {
  readonly streams: StreamService;
  readonly records: RecordService;
  readonly groups: ConsumerGroups;
  readonly detection: DetectionService;
  readonly lookback: LookbackJobs;
  /** What was detected. */
  readonly events: EventStore;
  /** How those stand to whom events are delivered. */
  readonly sinks: () => readonly SinkState[];
  /** People who are known by their faces, and who adds them. */
  readonly faces: {
    readonly galleries: Galleries;
    readonly enrollment: Pick<FaceEnrollment, 'add' | 'search'>;
  };
  readonly webhooks: Webhooks;
  readonly access: WebAccess;
  readonly keys: KeyCatalog;
  readonly metrics: Registry;
  readonly health: () => HealthReport;
  readonly logger: Logger;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly settings: WebSettings;
  /** Aborted when the server begins to close: event streams, which never end by themselves, are ended then. */
  readonly closing?: AbortSignal;
}

export interface WebSettings {
  /** Shown by the page and in the API's description. */
  readonly version: string;
  /** `--open`: no key is needed. The app then refuses Host names other than loopback's (DNS rebinding). */
  readonly open: boolean;
  /** `http.publicUrl`: the origin under which a proxy shows this server. */
  readonly publicOrigin?: string;
  /** Where encoders push, as seen by a client that reached us under this host name: `rtmp://host:1935/live`. */
  readonly publishUrl: (hostname: string) => string;
  /** Followers of fragment events, those of records, and those of detections, at a time, over all streams (default 1000). */
  readonly maxFollowers?: number;
  /** Events that may wait for one follower before it is dropped (default 1000). */
  readonly maxFollowerBacklog?: number;
  /** A follower of records that has not read for so long is dropped (default 60 s). */
  readonly followerStallMs?: number;
  /** Reads of shards that wait for records at a time (default 10,000). */
  readonly maxLongPolls?: number;
  /** Comment lines keep idle event streams open through proxies (default 15 s). */
  readonly heartbeatMs?: number;
}

/** Who may do what, and a browser's way in and out. */
export type WebAccess = Access & Pick<AccessControl, 'loginWithToken' | 'loginWithSecret' | 'logout'>;
