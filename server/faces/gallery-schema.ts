import type { DatabaseSync } from 'node:sqlite';
import { GalleryError } from './gallery.ts';

/** "FLOF": marks the file as Framelog's faces, for `file(1)` and against opening a stranger's database. */
const APPLICATION_ID = 0x464c4f46;

/**
 * One script a schema version. A script that has been released is never edited: a change of the schema is a new script at the
 * end.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE galleries (
     name           TEXT PRIMARY KEY,
     created_ms     INTEGER NOT NULL,
     retention_days REAL,                         -- NULL: until deleted by hand
     tags           TEXT NOT NULL                 -- JSON object
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE faces (
     face_id    TEXT NOT NULL UNIQUE,             -- grows, see face-ids.ts
     gallery    TEXT NOT NULL REFERENCES galleries ON DELETE CASCADE,
     created_ms INTEGER NOT NULL,
     sealed     BLOB NOT NULL                     -- see sealed-face.ts
   ) STRICT;
   CREATE INDEX faces_of_gallery ON faces (gallery, face_id);
   CREATE INDEX faces_by_age ON faces (gallery, created_ms);
   CREATE TABLE key_check (                       -- at most one row: the key that all of it is sealed with
     only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
     sealed   BLOB NOT NULL
   ) STRICT;`,
];

/** Brings the database to the program's schema. Throws GalleryError `unreadable` for a file of a later program or of somebody else. */
export function migrateGalleries(database: DatabaseSync, path: string): void {
  const version = pragma(database, 'user_version');
  const applicationId = pragma(database, 'application_id');
  const tables = Number(database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.tables);
  if (applicationId !== APPLICATION_ID && (version !== 0 || applicationId !== 0 || tables !== 0)) {
    throw new GalleryError('unreadable', `${path} is an SQLite database, but not Framelog's faces`);
  }
  if (version > MIGRATIONS.length) {
    throw new GalleryError(
      'unreadable',
      `${path} has schema version ${version}, this program knows up to ${MIGRATIONS.length}: use the newer Framelog that wrote it`,
    );
  }
  for (let next = version; next < MIGRATIONS.length; next++) {
    database.exec(
      `BEGIN IMMEDIATE; ${MIGRATIONS[next]} PRAGMA user_version = ${next + 1}; PRAGMA application_id = ${APPLICATION_ID}; COMMIT;`,
    );
  }
}

function pragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}
