import { z } from 'zod';
import { watchSettingsSchema } from '../../ml/watch/watch-settings.ts';

/**
 * What is configured of a stream beside its own settings: by AWS clients (kvs.md §1.4, §1.5; members are named as on the wire,
 * limits were checked there), and for detection. Documents: each is stored and given back as a whole.
 */

const status = z.enum(['ENABLED', 'DISABLED']);

const notification = z.strictObject({
  Status: status,
  DestinationConfig: z.strictObject({ Uri: z.string() }),
});

const imageGeneration = z.strictObject({
  Status: status,
  ImageSelectorType: z.enum(['SERVER_TIMESTAMP', 'PRODUCER_TIMESTAMP']),
  DestinationConfig: z.strictObject({ Uri: z.string(), DestinationRegion: z.string() }),
  /** Milliseconds. */
  SamplingInterval: z.number(),
  Format: z.enum(['JPEG', 'PNG']),
  FormatConfig: z.strictObject({ JPEGQuality: z.string() }).exactOptional(),
  WidthPixels: z.number().exactOptional(),
  HeightPixels: z.number().exactOptional(),
});

const schedule = z.strictObject({ ScheduleExpression: z.string(), DurationInSeconds: z.number() });

const edgeConfig = z.strictObject({
  HubDeviceArn: z.string(),
  RecorderConfig: z.strictObject({
    MediaSourceConfig: z.strictObject({
      MediaUriSecretArn: z.string(),
      MediaUriType: z.enum(['RTSP_URI', 'FILE_URI']),
    }),
    ScheduleConfig: schedule.exactOptional(),
  }),
  UploaderConfig: z.strictObject({ ScheduleConfig: schedule }).exactOptional(),
  DeletionConfig: z
    .strictObject({
      EdgeRetentionInHours: z.number().exactOptional(),
      LocalSizeConfig: z
        .strictObject({
          MaxLocalMediaSizeInMB: z.number().exactOptional(),
          StrategyOnFullSize: z.enum(['DELETE_OLDEST_MEDIA', 'DENY_NEW_MEDIA']).exactOptional(),
        })
        .exactOptional(),
      DeleteAfterUpload: z.boolean().exactOptional(),
    })
    .exactOptional(),
});

const edge = z.strictObject({
  config: edgeConfig,
  createdMs: z.number(),
  updatedMs: z.number(),
  /** What was asked for last: the configuration is to be used, or to be deleted. */
  wish: z.enum(['sync', 'delete']),
});

/** How the operator wants the stream watched (`/api/streams/:name/detection`). */
const detection = z.strictObject({
  watch: watchSettingsSchema,
  /** Data stream of its events; `null`: the server's. */
  dataStream: z.nullable(z.string()),
});

/** The kinds of configurations, with their schemas. */
export const configurationSchemas = { notification, imageGeneration, edge, detection };

export type NotificationConfiguration = z.output<typeof notification>;
export type ImageGenerationConfiguration = z.output<typeof imageGeneration>;
export type EdgeConfig = z.output<typeof edgeConfig>;
export type EdgeConfiguration = z.output<typeof edge>;
export type DetectionConfiguration = z.output<typeof detection>;

export type ConfigurationKind = keyof typeof configurationSchemas;
export type ConfigurationOf<Kind extends ConfigurationKind> = z.output<(typeof configurationSchemas)[Kind]>;

/** The configurations of streams; durable before a method answers. They go with their stream. */
export interface ConfigurationCatalog {
  /** Throws CatalogError `damaged` for what cannot be read. */
  get<Kind extends ConfigurationKind>(stream: string, kind: Kind): ConfigurationOf<Kind> | undefined;
  /** All of one kind, in the order of the streams' names. */
  list<Kind extends ConfigurationKind>(
    kind: Kind,
  ): { readonly stream: string; readonly configuration: ConfigurationOf<Kind> }[];
  /** Throws CatalogError `not-found` for an unknown stream. */
  put<Kind extends ConfigurationKind>(stream: string, kind: Kind, configuration: ConfigurationOf<Kind>): void;
  /** Answers false when there was none. */
  remove(stream: string, kind: ConfigurationKind): boolean;
}
