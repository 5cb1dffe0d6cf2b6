import type { ConfigurationCatalog } from '../catalog/configuration-catalog.ts';
import type { NotificationSettings } from './notification-settings.ts';

/** As the control plane has stored them. */
export function catalogNotificationSettings(
  configurations: Pick<ConfigurationCatalog, 'get'>,
): NotificationSettings {
  return {
    notificationOf: (stream) => configurations.get(stream, 'notification'),
    imageGenerationOf: (stream) => configurations.get(stream, 'imageGeneration'),
  };
}
