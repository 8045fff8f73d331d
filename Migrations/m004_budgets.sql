-- What jobs are expected to cost, what they take, and one checkpoint an iteration.

-- Several checkpoints of a job: one that may return to an earlier iteration keeps all of them, and
-- writes each once.
CREATE TABLE iteration_checkpoints (
  job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
  iteration INTEGER NOT NULL CHECK (iteration >= 0),
  attempt INTEGER NOT NULL,
  blob TEXT NOT NULL REFERENCES blobs (digest) ON DELETE RESTRICT,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (job, iteration)
) STRICT, WITHOUT ROWID;
INSERT INTO iteration_checkpoints (job, iteration, attempt, blob, created_at)
  SELECT job, iteration, attempt, blob, created_at FROM checkpoints;
DROP TABLE checkpoints;
ALTER TABLE iteration_checkpoints RENAME TO checkpoints;
CREATE INDEX checkpoints_blob ON checkpoints (blob);

-- The estimate as JSON; NULL for jobs from before there was one.
ALTER TABLE jobs ADD COLUMN estimate TEXT CHECK (estimate IS NULL OR json_valid(estimate));
-- By how many turns the job puts its owner's next one back.
ALTER TABLE jobs ADD COLUMN cost INTEGER NOT NULL DEFAULT 1 CHECK (cost BETWEEN 1 AND 1000000000);
-- Bytes that the job may be expected to take, and that its attempt has taken at most.
ALTER TABLE jobs ADD COLUMN memory_estimate INTEGER
  CHECK (memory_estimate IS NULL OR memory_estimate >= 0);
ALTER TABLE jobs ADD COLUMN memory_used INTEGER NOT NULL DEFAULT 0 CHECK (memory_used >= 0);
-- Whether the end of its worker was another job's doing: then it is no death of this one.
ALTER TABLE jobs ADD COLUMN spared INTEGER NOT NULL DEFAULT 0 CHECK (spared IN (0, 1));

-- A user's turn was the one of the last job; now it is the earliest one of the next.
UPDATE user_turns SET turn = turn + 1;

-- How fast jobs of a base model went on a machine, in units of work a second.
CREATE TABLE speeds (
  base_model TEXT NOT NULL REFERENCES base_models (name) ON DELETE CASCADE,
  machine TEXT NOT NULL,
  units_per_second REAL NOT NULL CHECK (units_per_second > 0),
  jobs INTEGER NOT NULL CHECK (jobs >= 0),
  PRIMARY KEY (base_model, machine)
) STRICT, WITHOUT ROWID;
