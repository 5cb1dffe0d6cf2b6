import type { DetectionService } from '../../detection/detection-service.ts';
import type { MqttCamera } from './retained-publisher.ts';

/** What is published under `<prefix>/stats`: the server, and how the detection of each camera keeps up. */
export function serverStats(
  cameras: Iterable<MqttCamera>,
  detection: Pick<DetectionService, 'statusOf'>,
  service: { readonly version: string; readonly uptimeMs: number },
): object {
  return {
    service: { version: service.version, uptime: Math.round(service.uptimeMs / 1000) },
    cameras: Object.fromEntries(
      Array.from(cameras, ({ stream }) => {
        const status = detection.statusOf(stream);
        const camera = {
          state: status?.state ?? 'stopped',
          tier: status?.tier ?? null,
          lag_ms: status?.lagMs === undefined ? null : Math.round(status.lagMs),
        };
        return [stream, camera];
      }),
    ),
  };
}
