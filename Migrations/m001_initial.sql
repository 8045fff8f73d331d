-- Users, their profiles, pruning jobs, models and the bytes behind them.
--
-- Times are milliseconds since 1970-01-01T00:00:00Z. Digests are SHA-256 in lower-case
-- hexadecimal. JSON is text, so that any SQLite shell can look into it.

-- A blob without a digest is still being written, or being removed: nobody can see it.
-- AUTOINCREMENT: a reader keeps a blob's number, which must never come to mean other bytes.
CREATE TABLE blobs (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  digest TEXT UNIQUE CHECK (length(digest) = 64 AND digest NOT GLOB '*[^0-9a-f]*'),
  size INTEGER NOT NULL DEFAULT 0 CHECK (size >= 0),
  touched_at INTEGER NOT NULL
) STRICT;
CREATE INDEX blobs_touched_at ON blobs (touched_at);

-- A rowid table, not WITHOUT ROWID: there the whole row is an index key, which
-- https://www.sqlite.org/withoutrowid.html advises against above a twentieth of a page.
CREATE TABLE blob_chunks (
  blob INTEGER NOT NULL REFERENCES blobs (number) ON DELETE CASCADE,
  position INTEGER NOT NULL CHECK (position >= 0),
  bytes BLOB NOT NULL CHECK (length(bytes) BETWEEN 1 AND 1048576),
  PRIMARY KEY (blob, position)
) STRICT;

CREATE TABLE datasets (
  name TEXT NOT NULL PRIMARY KEY,
  path TEXT NOT NULL,
  format TEXT NOT NULL,
  digest TEXT NOT NULL CHECK (length(digest) = 64 AND digest NOT GLOB '*[^0-9a-f]*'),
  classes TEXT NOT NULL CHECK (json_valid(classes)),
  counts TEXT NOT NULL CHECK (json_valid(counts)),
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE base_models (
  name TEXT NOT NULL PRIMARY KEY,
  architecture TEXT NOT NULL,
  blob TEXT NOT NULL REFERENCES blobs (digest) ON DELETE RESTRICT,
  dataset TEXT NOT NULL REFERENCES datasets (name) ON DELETE RESTRICT,
  labels TEXT NOT NULL CHECK (json_valid(labels)),
  digest TEXT NOT NULL CHECK (length(digest) = 64 AND digest NOT GLOB '*[^0-9a-f]*'),
  parameter_count INTEGER NOT NULL CHECK (parameter_count >= 0),
  metadata TEXT NOT NULL CHECK (json_valid(metadata)),
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX base_models_blob ON base_models (blob);
CREATE INDEX base_models_dataset ON base_models (dataset);

CREATE TABLE users (
  id TEXT NOT NULL PRIMARY KEY CHECK (length(CAST(id AS BLOB)) BETWEEN 1 AND 256),
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE profiles (
  user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  version INTEGER NOT NULL CHECK (version >= 1),
  base_model TEXT NOT NULL REFERENCES base_models (name) ON DELETE RESTRICT,
  classes TEXT NOT NULL CHECK (json_valid(classes)),
  profile TEXT NOT NULL CHECK (json_valid(profile)),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (user, version)
) STRICT;
CREATE INDEX profiles_base_model ON profiles (base_model);

-- owner is NULL once the user is forgotten and nobody else waits for the job.
-- attempt fences writers; deaths counts the attempts whose lease ran out.
CREATE TABLE jobs (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  owner TEXT REFERENCES users (id) ON DELETE SET NULL,
  status TEXT NOT NULL
    CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  priority INTEGER NOT NULL,
  fingerprint TEXT NOT NULL
    CHECK (length(fingerprint) = 64 AND fingerprint NOT GLOB '*[^0-9a-f]*'),
  base_model TEXT NOT NULL REFERENCES base_models (name) ON DELETE RESTRICT,
  profile TEXT NOT NULL CHECK (json_valid(profile)),
  recipe TEXT NOT NULL CHECK (json_valid(recipe)),
  seed INTEGER NOT NULL,
  metadata TEXT NOT NULL CHECK (json_valid(metadata)),
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  finished_at INTEGER,
  attempt INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
  deaths INTEGER NOT NULL DEFAULT 0 CHECK (deaths BETWEEN 0 AND attempt),
  lease_owner TEXT,
  lease_expires_at INTEGER,
  cancel_requested INTEGER NOT NULL DEFAULT 0 CHECK (cancel_requested IN (0, 1)),
  progress TEXT CHECK (progress IS NULL OR json_valid(progress)),
  error TEXT CHECK (error IS NULL OR json_valid(error)),
  result_model INTEGER REFERENCES models (number) ON DELETE SET NULL,
  CHECK ((status = 'running') = (lease_expires_at IS NOT NULL)),
  CHECK (lease_owner IS NULL OR status = 'running'),
  CHECK ((status IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
  CHECK ((status = 'failed') = (error IS NOT NULL)),
  CHECK (result_model IS NULL OR status = 'succeeded')
) STRICT;
-- The order in which workers take jobs; finished jobs, soon the most, are not in it.
CREATE INDEX jobs_open ON jobs (priority DESC, number) WHERE status IN ('queued', 'running');
-- One open job answers everyone who asks the same.
CREATE UNIQUE INDEX jobs_open_fingerprint ON jobs (fingerprint)
  WHERE status IN ('queued', 'running');
CREATE INDEX jobs_status ON jobs (status, number);
CREATE INDEX jobs_owner ON jobs (owner, status);
CREATE INDEX jobs_base_model ON jobs (base_model);
CREATE INDEX jobs_result_model ON jobs (result_model);

CREATE TABLE job_requesters (
  user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
  added_at INTEGER NOT NULL,
  PRIMARY KEY (user, job)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_requesters_job ON job_requesters (job, added_at);

CREATE TABLE idempotency_keys (
  user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (user, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_job ON idempotency_keys (job);

CREATE TABLE job_events (
  job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
  sequence INTEGER NOT NULL CHECK (sequence >= 1),
  level TEXT NOT NULL CHECK (level IN ('info', 'warning', 'error')),
  type TEXT NOT NULL,
  message TEXT NOT NULL,
  data TEXT CHECK (data IS NULL OR json_valid(data)),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (job, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoints (
  job INTEGER NOT NULL PRIMARY KEY REFERENCES jobs (number) ON DELETE CASCADE,
  attempt INTEGER NOT NULL,
  iteration INTEGER NOT NULL CHECK (iteration >= 0),
  blob TEXT NOT NULL REFERENCES blobs (digest) ON DELETE RESTRICT,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX checkpoints_blob ON checkpoints (blob);

CREATE TABLE models (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  fingerprint TEXT NOT NULL UNIQUE
    CHECK (length(fingerprint) = 64 AND fingerprint NOT GLOB '*[^0-9a-f]*'),
  job INTEGER NOT NULL UNIQUE REFERENCES jobs (number) ON DELETE RESTRICT,
  base_model TEXT NOT NULL REFERENCES base_models (name) ON DELETE RESTRICT,
  blob TEXT NOT NULL REFERENCES blobs (digest) ON DELETE RESTRICT,
  size INTEGER NOT NULL CHECK (size >= 0),
  labels TEXT NOT NULL CHECK (json_valid(labels)),
  card TEXT NOT NULL CHECK (json_valid(card)),
  metadata TEXT NOT NULL CHECK (json_valid(metadata)),
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX models_base_model ON models (base_model);
CREATE INDEX models_blob ON models (blob);

CREATE TABLE model_files (
  model INTEGER NOT NULL REFERENCES models (number) ON DELETE CASCADE,
  name TEXT NOT NULL,
  blob TEXT NOT NULL REFERENCES blobs (digest) ON DELETE RESTRICT,
  size INTEGER NOT NULL CHECK (size >= 0),
  media_type TEXT NOT NULL,
  PRIMARY KEY (model, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX model_files_blob ON model_files (blob);

CREATE TABLE model_users (
  user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  model INTEGER NOT NULL REFERENCES models (number) ON DELETE CASCADE,
  added_at INTEGER NOT NULL,
  PRIMARY KEY (user, model)
) STRICT, WITHOUT ROWID;
CREATE INDEX model_users_model ON model_users (model);

-- Only a token's digest is kept. A user's token dies with the user; an operator's has none.
CREATE TABLE tokens (
  id TEXT NOT NULL PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE CHECK (length(digest) = 64 AND digest NOT GLOB '*[^0-9a-f]*'),
  user TEXT REFERENCES users (id) ON DELETE CASCADE,
  label TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;
CREATE INDEX tokens_user ON tokens (user);
