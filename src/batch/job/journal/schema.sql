-- The journal of an archive job. Read it with the sqlite3 shell; only the runner writes.

-- What the job is: `version` of this schema, `spec` (job.toml as JSON), `listed` (1 once the work list is complete).
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- The work list, in its order. Written once.
CREATE TABLE work (
  id         INTEGER PRIMARY KEY,  -- from 1, in the order of paths
  path       NOT NULL,             -- of the input, or of the archive it is in; TEXT, a BLOB where it is no UTF-8
  member     INTEGER,              -- number in the archive, from 1
  output     NOT NULL,             -- below the output folder
  bytes      INTEGER NOT NULL,     -- of the input
  cost       INTEGER NOT NULL,     -- memory it is expected to need, bytes
  problem    TEXT,                 -- reason code, where it cannot be treated at all
  detail     TEXT,                 -- of the problem
  study      TEXT,                 -- keyed digests of the UIDs; they tell what belongs together and nothing else
  series     TEXT,
  instance   TEXT,
  duplicate  INTEGER,              -- id of the first file with the same SOP Instance UID
  modality   TEXT,
  equipment  TEXT,                 -- manufacturer and model
  syntax     TEXT,                 -- transfer syntax UID
  rows       INTEGER,
  cols       INTEGER,
  frames     INTEGER
);

-- What happened, in order. Only ever added to.
CREATE TABLE events (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  version INTEGER NOT NULL,        -- of the form of this event
  at_ms   INTEGER NOT NULL,        -- Unix time, milliseconds
  file    INTEGER,                 -- work.id; NULL for events of the whole job
  kind    TEXT NOT NULL,           -- begun, listed, run-started, started, settled, released, held, retried, run-ended, reviewed
  outcome TEXT,
  reason  TEXT,
  bytes   INTEGER,                 -- of the output, for `released`
  data    TEXT                     -- JSON; for `settled` the line of the report without `tool`
);
CREATE INDEX events_of_file ON events (file, seq) WHERE file IS NOT NULL;
CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events BEGIN SELECT raise(ABORT, 'events are only added'); END;
CREATE TRIGGER events_are_not_removed BEFORE DELETE ON events BEGIN SELECT raise(ABORT, 'events are only added'); END;

-- Every file with its present state: waiting, started, settled, released, held or retried.
CREATE VIEW files AS
SELECT w.*, coalesce(e.kind, 'waiting') AS state, e.outcome, e.reason, e.at_ms, e.seq
FROM work w LEFT JOIN events e ON e.seq = (SELECT max(seq) FROM events WHERE file = w.id);
