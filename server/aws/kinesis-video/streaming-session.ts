import type { SessionCounters } from '../../playback/session/session-counters.ts';
import { SessionError } from '../../playback/session/session-error.ts';
import type { SessionRequest } from '../../playback/session/session-facts.ts';
import type { Sessions } from '../../playback/session/sessions.ts';
import { type AwsAccount, type AwsCall, AwsError } from '../aws-call.ts';
import type { OperationTable } from '../operation-table.ts';
import { requireRetention } from './archived-only.ts';
import {
  type DashSessionInput,
  dashRequest,
  type HlsSessionInput,
  hlsRequest,
} from './streaming-session-input.ts';
import { translateError } from './translate-error.ts';
import type { StreamReference, VideoResources } from './video-resources.ts';

/** What the two operations work on. */
export interface StreamingSessionParts {
  readonly account: Pick<AwsAccount, 'endpoint'>;
  readonly resources: VideoResources;
  readonly sessions: Sessions;
  readonly counters: SessionCounters;
}

/** GetHLSStreamingSessionURL and GetDASHStreamingSessionURL (kvs.md §4.3, §4.4). Children need nothing but the URL. */
export function streamingSessions(parts: StreamingSessionParts): OperationTable {
  return {
    handlers: {
      GetHLSStreamingSessionURL: async (call: AwsCall<HlsSessionInput>) => {
        const token = await createSession(parts, call, hlsRequest(call.input, call.nowMs));
        const url = childUrl(parts, '/hls/v1/getHLSMasterPlaylist.m3u8', token);
        return { HLSStreamingSessionURL: url };
      },
      GetDASHStreamingSessionURL: async (call: AwsCall<DashSessionInput>) => {
        const token = await createSession(parts, call, dashRequest(call.input, call.nowMs));
        return { DASHStreamingSessionURL: childUrl(parts, '/dash/v1/getDASHManifest.mpd', token) };
      },
    },
  };
}

async function createSession(
  { resources, sessions, counters }: StreamingSessionParts,
  { input, principal, nowMs }: AwsCall<StreamReference>,
  request: SessionRequest,
): Promise<string> {
  const { video, stream } = await resources.open(input, 'view', principal);
  requireRetention(video);
  try {
    const token = await sessions.create(stream, request, nowMs, principal.expiresMs);
    counters.created[request.protocol] += 1;
    return token;
  } catch (error) {
    throw error instanceof SessionError ? new AwsError(error.code, error.message) : translateError(error);
  }
}

function childUrl({ account }: StreamingSessionParts, path: string, token: string): string {
  return `${account.endpoint()}${path}?SessionToken=${token}`;
}
