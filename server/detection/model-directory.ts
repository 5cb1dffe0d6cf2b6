import { join } from 'node:path';
import type { Config } from '../config.ts';

/** The folder of models of one's own: where `framelog models add` puts them, and where workers look for them. */
export function modelDirectoryOf({ dataDir, detection }: Pick<Config, 'dataDir' | 'detection'>): string {
  return detection.modelDirectory ?? join(dataDir, 'models');
}
