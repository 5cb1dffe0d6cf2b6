import type { FileSchema } from '../catalog/sqlite-file.ts';

/** "FLOF": marks the file as Framelog's faces, for `file(1)` and against opening a stranger's database. */
const APPLICATION_ID = 0x464c4f46;

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

export const GALLERIES_SCHEMA: FileSchema = {
  applicationId: APPLICATION_ID,
  migrations: MIGRATIONS,
  what: "a database of Framelog's faces",
};
