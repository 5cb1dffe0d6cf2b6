import type { ConfigurationCatalog } from '../../catalog/configuration-catalog.ts';
import type { NotificationSettings } from '../../notify/notification-settings.ts';

/** What AWS clients have configured and left enabled (kvs.md §1.4). */
export function catalogNotificationSettings(
  configurations: Pick<ConfigurationCatalog, 'get'>,
): NotificationSettings {
  return {
    notificationOf: (stream) => enabled(configurations.get(stream, 'notification')),
    imageGenerationOf: (stream) => enabled(configurations.get(stream, 'imageGeneration')),
  };
}

function enabled<Configuration extends { readonly Status: 'ENABLED' | 'DISABLED' }>(
  configuration: Configuration | undefined,
): Configuration | undefined {
  return configuration?.Status === 'ENABLED' ? configuration : undefined;
}
