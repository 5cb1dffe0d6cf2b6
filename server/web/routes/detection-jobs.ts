import { z } from 'zod';
import { watchSettingsSchema } from '../../../ml/watch/watch-settings.ts';
import { ALL_TIME, type Call, maySee } from '../call.ts';
import { instant } from '../instant.ts';
import { route } from '../web-route.ts';

const JOBS = '/api/detection-jobs';

const empty = z.strictObject({});

/** Detectors run over archives (server/lookback). Who may change them may do anything; who sees the stream sees its jobs. */
export const detectionJobRoutes = [
  route({
    method: 'get',
    path: JOBS,
    query: z.object({ stream: z.string().max(256).optional() }),
    handle: (call) => {
      const { principal } = call;
      const jobs = call.web.lookback.list(call.query.stream);
      return { jobs: jobs.filter(({ stream }) => maySee(principal, stream)) };
    },
  }),
  route({
    method: 'post',
    path: JOBS,
    body: z.strictObject({
      stream: z.string().max(256),
      from: instant.optional(),
      to: instant.optional(),
      /** Over the stream's own. */
      settings: z.record(z.string(), z.unknown()).default({}),
      replaces: z.boolean().default(true),
    }),
    handle: async (call) => {
      const admin = call.require({ action: 'admin' });
      const { stream, from, to, settings, replaces } = call.body;
      const job = await call.web.lookback.create({
        stream,
        fromMs: from,
        toMs: to,
        settings: settingsOf(call, stream, settings),
        replaces,
      });
      call.web.logger.info({ job: job.id, stream, by: admin.id }, 'detection job created');
      call.response.status(201).location(`${JOBS}/${job.id}`);
      return job;
    },
  }),
  route({
    method: 'get',
    path: `${JOBS}/:id`,
    handle: (call) => {
      const { principal } = call;
      const job = call.web.lookback.get(call.param('id'));
      if (!maySee(principal, job.stream)) call.require({ action: 'view', stream: job.stream, of: ALL_TIME });
      return job;
    },
  }),
  route({
    method: 'post',
    path: `${JOBS}/:id/cancel`,
    body: empty,
    handle: (call) => {
      call.require({ action: 'admin' });
      return call.web.lookback.cancel(call.param('id'));
    },
  }),
  route({
    method: 'post',
    path: `${JOBS}/:id/resume`,
    body: empty,
    handle: (call) => {
      call.require({ action: 'admin' });
      return call.web.lookback.resume(call.param('id'));
    },
  }),
  route({
    method: 'delete',
    path: `${JOBS}/:id`,
    handle: (call) => {
      call.require({ action: 'admin' });
      call.web.lookback.remove(call.param('id'));
      call.response.status(204).end();
      return undefined;
    },
  }),
];

/** The stream's own settings with the job's over them; a stream that is not watched is looked at by its key frames. */
function settingsOf(call: Call, stream: string, changes: Readonly<Record<string, unknown>>) {
  const own = call.web.detection.settingsOf(stream);
  const tier = own.tier === 'off' ? 'keyframes' : own.tier;
  return watchSettingsSchema.parse({ ...own, tier, ...changes });
}
