import { parseByteRange } from '../../../server/http/byte-range.ts';
import { parsePlayPath } from '../../../server/playback/hls/play-path.ts';
import { PlaylistQueryError, parsePlaylistQuery } from '../../../server/playback/hls/playlist-query.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const NUMBER = '91343852333181432392682062622951577347012345678'.slice(0, 47);

/** What a viewer's request says: the path, the query string and the Range header, one line each. */
export const target: FuzzTarget = {
  name: 'playback-query',
  seeds: () =>
    [
      '/play/cam-1/live.m3u8?_HLS_msn=123&_HLS_part=4&token=WyJjYW0iLDEsbnVsbCwxXQ.c2lnbmF0dXJl\nbytes=0-99',
      '/play/front%20door/archive.m3u8?start=2026-01-02T12:00:00.5Z&end=2026-01-02T14:30:00%2B02:00\nbytes=-500',
      '/play/c/dvr.m3u8?start=1767355200000&_HLS_skip=YES\nbytes=100-',
      `/play/c/segment/${NUMBER}.m4s?token=a.b\nbytes=5-1`,
      '/play/c/init/0123456789abcdef.mp4\nbytes=0-1,5-6',
      '/play/c/part/4711.3.m4s?_HLS_msn=1&_HLS_msn=2\nitems=1-2',
    ].map((text) => Buffer.from(text)),
  run(input) {
    const [requestTarget = '', range] = Buffer.from(input).toString('latin1').split('\n');
    parseByteRange(range, 1000);
    const url = URL.parse(requestTarget, 'http://localhost');
    if (url === null) return;
    parsePlayPath(url.pathname);
    parsePlaylistQuery(url.searchParams);
  },
  isTyped: (error) => error instanceof PlaylistQueryError,
};
