/** Streams that get a label of their own; what is beyond is added up under `other`, so that a scrape stays small. */
export const MAX_LABELLED_STREAMS = 1000;
export const OTHER_STREAMS = 'other (beyond 1000)';
