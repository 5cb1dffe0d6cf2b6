/** A process of its own that writes to the catalog named on the command line, and says each write once it is done. */
import { writeSync } from 'node:fs';
import { SqliteCatalog } from '../../../../server/catalog/sqlite-catalog.ts';

const [path = '', prefix = '', count = 'Infinity'] = process.argv.slice(2);
const catalog = SqliteCatalog.open(path);
writeSync(1, 'open\n');
for (let index = 0; index < Number(count); index++) {
  const name = `${prefix}-${index}`;
  catalog.insertStream({ name, createdMs: index, retentionHours: null, maxBytes: null, version: 1 });
  catalog.putSetting('last', name);
  const lease = catalog.acquireLease('writer', `${prefix}-${index}`, 0, index);
  writeSync(1, `${name} ${lease?.fence}\n`);
}
catalog.close();
