import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MODELS = fileURLToPath(new URL('../../../../../shared/aws-models/', import.meta.url));

let made: string | undefined;

/**
 * A folder for AWS_DATA_PATH. Debian's `aws` and boto3 are some years old and do not know the newer operations; botocore
 * takes newer models from such a folder. The models beside the repository are cut down and lie flat: botocore wants
 * `<service>/<date>/service-2.json`, a text for each shape it documents, and the pages in a file of their own.
 */
export function botocoreModels(): string {
  if (made !== undefined) return made;
  const folder = mkdtempSync(join(tmpdir(), 'framelog-botocore-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const file of readdirSync(MODELS).filter((name) => name.endsWith('.json'))) {
    const { metadata, operations, shapes, paginators } = JSON.parse(readFileSync(join(MODELS, file), 'utf8'));
    const target = join(folder, file.replace('.json', ''), metadata.apiVersion);
    mkdirSync(target, { recursive: true });
    const model = { version: '2.0', metadata, operations, shapes };
    writeFileSync(join(target, 'service-2.json'), JSON.stringify(model));
    writeFileSync(join(target, 'paginators-1.json'), JSON.stringify({ pagination: paginators }));
  }
  made = folder;
  return folder;
}
