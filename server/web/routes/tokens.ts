import { z } from 'zod';
import { ApiError } from '../api-error.ts';
import { instant } from '../instant.ts';
import { route } from '../web-route.ts';

const MAX_LIFE_SECONDS = 30 * 24 * 3600;

export const tokenRoutes = [
  route({
    method: 'post',
    path: '/api/tokens',
    body: z.strictObject({
      stream: z.string().min(1).max(256),
      live: z.boolean().default(true),
      range: z.strictObject({ from: instant, to: instant }).nullable().default(null),
      expiresInSeconds: z.number().int().min(1).max(MAX_LIFE_SECONDS).default(3600),
    }),
    handle: (call) => {
      const { stream, live, range, expiresInSeconds } = call.body;
      const archive = range === null ? null : { fromMs: range.from, toMs: range.to };
      if (!live && archive === null)
        throw new ApiError(400, 'invalid-request', 'a token for nothing: live or range');
      if (archive !== null && archive.toMs <= archive.fromMs) {
        throw new ApiError(400, 'invalid-request', 'range.to: must be later than range.from');
      }
      // A token never gives more than its maker has, for longer than its maker has it.
      const maker = call.principal;
      if (maker.kind === 'token')
        throw new ApiError(403, 'forbidden', 'A playback token cannot make another.');
      if (live) call.require({ action: 'view', stream, of: 'live' });
      if (archive !== null) call.require({ action: 'view', stream, of: archive });
      const expiresMs = Math.min(
        call.nowMs + expiresInSeconds * 1000,
        maker.expiresMs ?? Number.POSITIVE_INFINITY,
      );

      const token = call.web.access.issuePlaybackToken({ stream, live, range: archive, expiresMs });
      const root = `/play/${encodeURIComponent(stream)}`;
      call.response.status(201);
      return {
        token,
        expiresMs,
        liveUrl: live ? `${root}/live.m3u8?token=${encodeURIComponent(token)}` : null,
        archiveUrl:
          archive === null
            ? null
            : `${root}/archive.m3u8?start=${archive.fromMs}&end=${archive.toMs}&token=${encodeURIComponent(token)}`,
      };
    },
  }),
];
