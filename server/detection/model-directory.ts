import { join, resolve } from 'node:path';
import type { Config } from '../config.ts';

/** The folder of models of one's own: where `framelog models add` puts them, and where workers, which live elsewhere, look for them. */
export function modelDirectoryOf({ dataDir, detection }: Pick<Config, 'dataDir' | 'detection'>): string {
  return resolve(detection.modelDirectory ?? join(dataDir, 'models'));
}
