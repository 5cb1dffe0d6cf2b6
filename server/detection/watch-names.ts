/** Names of watches as they stand in events: `live` is a stream's own. */

const JOB = 'job:';

/** Of a job over the archive. */
export function jobWatchName(jobId: string): string {
  return `${JOB}${jobId}`;
}

/** Was it said of the archive, and not of what happens now? */
export function isOfArchive({ watch }: { readonly watch: string }): boolean {
  return watch.startsWith(JOB);
}
