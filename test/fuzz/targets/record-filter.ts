import { ApiError } from '../../../server/web/api-error.ts';
import { matches, parseRecordFilter } from '../../../server/web/record-filter.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const documents = [{ a: { b: [{ c: 'value' }] }, 'x.y': 1, n: 5 }, [1, [2]], 'text', null];

/** Filters over records: typed errors only, and whatever was read can be asked of any document. */
export const target: FuzzTarget = {
  name: 'record-filter',
  seeds: () =>
    [
      'a.b[0].c=value',
      '$.n=5',
      '["x.y"]=1',
      '[1][0]=2',
      'detections[0].label="person"',
      'a["\\u0062"]=null',
    ].map((text) => Buffer.from(text)),
  run(input) {
    const filter = parseRecordFilter(Buffer.from(input).toString());
    for (const document of documents) matches(filter, document);
  },
  isTyped: (error) => error instanceof ApiError,
};
