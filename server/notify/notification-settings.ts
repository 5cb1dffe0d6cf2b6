import type {
  ImageGenerationConfiguration,
  NotificationConfiguration,
} from '../catalog/configuration-catalog.ts';

/**
 * What is to happen with fragments that carry a tag for it (kvs.md §1.4), by stream name; `undefined`: nothing. Asked for each
 * persisted fragment: answer from memory or a fast look-up.
 */
export interface NotificationSettings {
  notificationOf(stream: string): NotificationConfiguration | undefined;
  imageGenerationOf(stream: string): ImageGenerationConfiguration | undefined;
}
