import { z } from 'zod';
import type { WatchResult } from '../../../ml/supervisor/watch-result.ts';
import { type WatchSettings, watchSettingsSchema } from '../../../ml/watch/watch-settings.ts';
import { StreamError } from '../../streams/stream-service.ts';
import { type Call, maySee } from '../call.ts';
import { followerStream } from '../follower-stream.ts';
import { route } from '../web-route.ts';

const DEFAULT_MAX_BACKLOG = 1000;
const DETECTION = '/api/streams/:name/detection';

const { tier, model, profile, minScore, labels, motionGate, heartbeatSeconds, confirmHits, ...rest } =
  watchSettingsSchema.shape;
const { timeoutSeconds, updateSeconds, zones, lines, faces } = rest;

/** Each by itself, without its default: what is not named stays as it is. */
const settingsPatch = z.strictObject({
  tier: tier.unwrap().exactOptional(),
  model: model.unwrap().exactOptional(),
  profile: profile.unwrap().exactOptional(),
  minScore: minScore.unwrap().exactOptional(),
  labels: labels.unwrap().exactOptional(),
  motionGate: motionGate.unwrap().exactOptional(),
  heartbeatSeconds: heartbeatSeconds.unwrap().exactOptional(),
  confirmHits: confirmHits.unwrap().exactOptional(),
  timeoutSeconds: timeoutSeconds.unwrap().exactOptional(),
  updateSeconds: updateSeconds.unwrap().exactOptional(),
  zones: zones.unwrap().exactOptional(),
  lines: lines.unwrap().exactOptional(),
  faces: faces.unwrap().exactOptional(),
  /** Data stream of its events; `null`: the server's. */
  dataStream: z
    .nullable(z.string().regex(/^[a-zA-Z0-9_.-]{1,128}$/, 'not a name of a data stream'))
    .exactOptional(),
});

export const detectionRoutes = [
  route({
    method: 'get',
    path: '/api/detection',
    handle: (call) => {
      call.require({ action: 'admin' });
      const { detection, events, sinks } = call.web;
      return {
        capabilities: detection.supervisor.capabilities ?? null,
        streams: detection.levels(),
        events: { kept: events.size, lastSeq: events.lastSeq },
        sinks: sinks().map(({ name, counters, behind, problem }) => ({
          name,
          ...counters,
          behind,
          problem: problem ?? null,
        })),
      };
    },
  }),
  route({
    method: 'get',
    path: DETECTION,
    handle: (call) => detectionJson(call, seenStream(call)),
  }),
  route({
    method: 'patch',
    path: DETECTION,
    body: settingsPatch,
    handle: (call) => {
      const admin = call.require({ action: 'admin' });
      const name = call.param('name');
      const { detection, logger } = call.web;
      const { dataStream, ...changes } = call.body;
      const settings: WatchSettings = { ...detection.settingsOf(name), ...changes };
      detection.configure(name, settings, dataStream);
      logger.info({ stream: name, tier: settings.tier, by: admin.id }, 'settings of detection changed');
      return detectionJson(call, name);
    },
  }),
  route({
    method: 'delete',
    path: DETECTION,
    handle: (call) => {
      const admin = call.require({ action: 'admin' });
      const name = call.param('name');
      call.web.detection.configure(name, undefined);
      call.web.logger.info({ stream: name, by: admin.id }, 'settings of detection taken back');
      call.response.status(204).end();
      return undefined;
    },
  }),
  route({
    method: 'get',
    path: '/api/streams/:name/detections',
    handle: (call) => {
      const name = call.param('name');
      call.require({ action: 'view', stream: name, of: 'live' });
      knownStream(call, name);
      return followResults(call, name);
    },
  }),
];

function detectionJson(call: Call, name: string) {
  const { detection } = call.web;
  return {
    settings: detection.settingsOf(name),
    isDefault: !detection.isConfigured(name),
    dataStream: detection.dataStreamOf(name),
    status: statusJson(detection.statusOf(name)),
  };
}

function statusJson(status: ReturnType<Call['web']['detection']['statusOf']>) {
  if (status === undefined) return null;
  const { state, message, tier: tierInForce, lagMs } = status;
  return { state, message, tier: tierInForce, lagMs: lagMs ?? null };
}

/** The right is asked for first: who has none learns nothing. */
function seenStream(call: Call): string {
  const name = call.param('name');
  if (!maySee(call.principal, name)) call.require({ action: 'view', stream: name, of: 'live' });
  return knownStream(call, name);
}

function knownStream(call: Call, name: string): string {
  if (call.web.streams.record(name) !== undefined) return name;
  throw new StreamError('not-found', `There is no stream ${name}.`);
}

/** What is seen in each frame that was looked at, as it comes: the page draws it over the video. */
async function followResults(call: Call, name: string): Promise<undefined> {
  const { detection, settings, now } = call.web;
  const maxWaiting = settings.maxFollowerBacklog ?? DEFAULT_MAX_BACKLOG;
  await followerStream(call, { followers: call.web.eventFollowers, what: 'detections' }, async (stream) => {
    const waiting: WatchResult[] = [];
    let wake = (): void => {};
    const stop = detection.onResult(name, (result) => {
      if (waiting.length >= maxWaiting) stream.hangUp();
      else waiting.push(result);
      wake();
    });
    const onClosed = () => wake();
    stream.closed.addEventListener('abort', onClosed);
    try {
      while (!stream.closed.aborted && call.principal.isOver?.(now()) !== true) {
        const result = waiting.shift();
        if (result !== undefined) await stream.send({ event: 'result', data: resultJson(result) });
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      stop();
      stream.closed.removeEventListener('abort', onClosed);
    }
  });
  return undefined;
}

/** Without what tells faces apart: that leaves the server in no way. */
function resultJson({
  frame,
  picture,
  skipped,
  model: by,
  objects,
  faces: found,
  events,
  timings,
}: WatchResult) {
  return {
    frame,
    picture: picture ?? null,
    skipped: skipped ?? null,
    model: by,
    objects,
    faces: found.map(({ box, score, trackId }) => ({ box, score, trackId: trackId ?? null })),
    events: events.map(({ id }) => id),
    timings,
  };
}
