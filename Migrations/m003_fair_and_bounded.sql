-- Turns between users, whole requests behind idempotency keys, and what is needed to forget in time.

-- Among jobs of one priority the lowest turn goes first; a user's next job gets a later turn than the
-- user's one before (start-time fair queueing: Goyal, Vin, Cheng, SIGCOMM 1996).
ALTER TABLE jobs ADD COLUMN turn INTEGER NOT NULL DEFAULT 0 CHECK (turn >= 0);
DROP INDEX jobs_open;
CREATE INDEX jobs_open ON jobs (priority DESC, turn, number) WHERE status IN ('queued', 'running');

-- The latest turn that a worker took, for each priority.
CREATE TABLE queue_turns (
  priority INTEGER NOT NULL PRIMARY KEY,
  turn INTEGER NOT NULL CHECK (turn >= 0)
) STRICT;

-- The latest turn that a user's jobs were given.
CREATE TABLE user_turns (
  user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  priority INTEGER NOT NULL,
  turn INTEGER NOT NULL CHECK (turn >= 0),
  PRIMARY KEY (user, priority)
) STRICT, WITHOUT ROWID;

-- A key stood for what decides the model; now it stands for all that the request said. Earlier keys
-- cannot be compared any more.
DELETE FROM idempotency_keys;
ALTER TABLE idempotency_keys RENAME COLUMN fingerprint TO request;
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

-- Whether a job's events are still there.
ALTER TABLE jobs ADD COLUMN log_kept INTEGER NOT NULL DEFAULT 1 CHECK (log_kept IN (0, 1));
CREATE INDEX jobs_log_kept ON jobs (finished_at) WHERE log_kept = 1 AND finished_at IS NOT NULL;

-- A blob that is to go: 1 when its pages may keep the bytes until they are used again, 2 when they
-- are to be overwritten.
ALTER TABLE blobs ADD COLUMN doomed INTEGER NOT NULL DEFAULT 0
  CHECK (doomed IN (0, 1, 2) AND (doomed = 0 OR digest IS NULL));
CREATE INDEX blobs_doomed ON blobs (number) WHERE doomed > 0;

-- Deletions of users whose text may still lie in unused parts of the file's pages. No names here.
CREATE TABLE erasures (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  requested_at INTEGER NOT NULL
) STRICT;
