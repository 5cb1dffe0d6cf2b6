import { join } from 'node:path';
import type { FileSchema } from '../catalog/sqlite-file.ts';

/** Where the events of a data folder are. */
export function eventsPath(dataDir: string): string {
  return join(dataDir, 'detections.db');
}

/** The database of events, see sqlite-event-store.ts. */
export const EVENT_SCHEMA: FileSchema = {
  // "FLOD"
  applicationId: 0x464c4f44,
  what: "a Framelog server's detections",
  migrations: [
    `CREATE TABLE streams (
       id   INTEGER PRIMARY KEY,
       name TEXT UNIQUE                            -- NULL: deleted, its events are still to be swept
     ) STRICT;
     CREATE TABLE terms (                          -- what events are found by: 'label:person', see event-terms.ts
       id   INTEGER PRIMARY KEY,
       text TEXT NOT NULL UNIQUE
     ) STRICT;
     CREATE TABLE events (
       seq           INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice
       id            TEXT NOT NULL UNIQUE,
       stream        INTEGER NOT NULL,
       watch         TEXT NOT NULL,
       producer_ms   REAL NOT NULL,
       server_ms     REAL NOT NULL,
       type          TEXT NOT NULL,
       phase         TEXT,
       model         TEXT NOT NULL,
       track         TEXT,
       score         REAL,
       is_archive    INTEGER NOT NULL,             -- 1: of a job over the archive
       entered_group TEXT,                         -- of 'object/enter' events, for the counts
       body          TEXT NOT NULL                 -- JSON, the whole event
     ) STRICT;
     CREATE INDEX events_by_time ON events (stream, producer_ms);
     CREATE INDEX events_by_age ON events (stream, server_ms);
     CREATE INDEX events_by_track ON events (track, producer_ms) WHERE track IS NOT NULL;
     CREATE INDEX entries ON events (stream, producer_ms, entered_group, is_archive) WHERE entered_group IS NOT NULL;
     CREATE TABLE event_terms (
       term        INTEGER NOT NULL,
       stream      INTEGER NOT NULL,
       producer_ms REAL NOT NULL,
       seq         INTEGER NOT NULL,
       PRIMARY KEY (term, stream, producer_ms, seq)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE open_tracks (                    -- objects that have entered and not left
       track  TEXT PRIMARY KEY,
       stream INTEGER NOT NULL,
       watch  TEXT NOT NULL
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE watch_states (
       stream INTEGER NOT NULL,
       watch  TEXT NOT NULL,
       state  TEXT NOT NULL,                       -- JSON
       PRIMARY KEY (stream, watch)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE sink_positions (
       sink TEXT PRIMARY KEY,
       seq  INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE totals (
       only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
       events   INTEGER NOT NULL
     ) STRICT;
     INSERT INTO totals VALUES (1, 0);`,
  ],
};
