-- The same as the SQLite schema, for many servers and workers at once. Times are milliseconds since 1970 by
-- the database's clock, which is the only one that decides; digests are SHA-256 in lower-case hexadecimal;
-- JSON is text as it came. What may be long is in columns of its own: PostgreSQL keeps long values beside
-- the row and reads them when they are asked for.

CREATE TABLE crisp_schema (
  version integer NOT NULL,
  is_only boolean NOT NULL DEFAULT true PRIMARY KEY CHECK (is_only)
);
INSERT INTO crisp_schema (version) VALUES (0);

-- Every decision about time asks this.
CREATE FUNCTION crisp_now() RETURNS bigint LANGUAGE sql VOLATILE
  AS 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint';

-- A blob without a digest is being written or removed: nobody can see it. Numbers never come again: a
-- reader keeps one.
CREATE TABLE blobs (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  digest text COLLATE "C" UNIQUE CHECK (digest ~ '^[0-9a-f]{64}$'),
  size bigint NOT NULL DEFAULT 0 CHECK (size >= 0),
  touched_at bigint NOT NULL,
  is_doomed boolean NOT NULL DEFAULT false,
  CHECK (NOT is_doomed OR digest IS NULL)
);
CREATE INDEX blobs_touched_at ON blobs (touched_at);
CREATE INDEX blobs_doomed ON blobs (number) WHERE is_doomed;

CREATE TABLE blob_chunks (
  blob bigint NOT NULL REFERENCES blobs (number) ON DELETE CASCADE,
  position bigint NOT NULL CHECK (position >= 0),
  bytes bytea NOT NULL CHECK (length(bytes) BETWEEN 1 AND 1048576),
  PRIMARY KEY (blob, position)
);
-- Weights do not compress; trying costs more than it saves.
ALTER TABLE blob_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TABLE datasets (
  name text COLLATE "C" PRIMARY KEY,
  path text NOT NULL,
  format text NOT NULL,
  digest text NOT NULL,
  classes text NOT NULL,
  counts text NOT NULL,
  fingerprint text,
  created_at bigint NOT NULL
);

CREATE TABLE base_models (
  name text COLLATE "C" PRIMARY KEY,
  architecture text NOT NULL,
  blob text COLLATE "C" NOT NULL REFERENCES blobs (digest),
  dataset text COLLATE "C" NOT NULL REFERENCES datasets (name),
  labels text NOT NULL,
  digest text NOT NULL,
  parameter_count bigint NOT NULL CHECK (parameter_count >= 0),
  metadata text NOT NULL,
  is_default boolean NOT NULL DEFAULT false,
  created_at bigint NOT NULL
);
CREATE INDEX base_models_blob ON base_models (blob);
CREATE UNIQUE INDEX base_models_default ON base_models (is_default) WHERE is_default;

CREATE TABLE users (
  id text COLLATE "C" PRIMARY KEY CHECK (octet_length(id) BETWEEN 1 AND 256),
  created_at bigint NOT NULL
);

-- first_classes: what lists show, where there are more.
CREATE TABLE profiles (
  user_id text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  version integer NOT NULL CHECK (version >= 1),
  base_model text COLLATE "C" NOT NULL REFERENCES base_models (name),
  classes text NOT NULL,
  first_classes text,
  class_count integer NOT NULL,
  profile text NOT NULL,
  bytes bigint NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (user_id, version)
);

-- What changes while a job waits and runs is short and in tables of its own, see job_leases.
CREATE TABLE jobs (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  owner text COLLATE "C" REFERENCES users (id) ON DELETE SET NULL,
  status text COLLATE "C" NOT NULL
    CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  priority integer NOT NULL,
  turn bigint NOT NULL CHECK (turn >= 0),
  cost bigint NOT NULL CHECK (cost BETWEEN 1 AND 1000000000),
  fingerprint text COLLATE "C" NOT NULL CHECK (fingerprint ~ '^[0-9a-f]{64}$'),
  base_model text COLLATE "C" NOT NULL REFERENCES base_models (name),
  profile text NOT NULL,
  first_profile text,
  class_count integer NOT NULL,
  recipe text NOT NULL,
  seed bigint NOT NULL,
  metadata text NOT NULL,
  estimate text,
  memory_estimate bigint CHECK (memory_estimate >= 0),
  created_at bigint NOT NULL,
  started_at bigint,
  finished_at bigint,
  attempt integer NOT NULL DEFAULT 0,
  deaths integer NOT NULL DEFAULT 0,
  cancel_requested boolean NOT NULL DEFAULT false,
  error text,
  result_model bigint,
  log_kept boolean NOT NULL DEFAULT true,
  CHECK ((status IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
  CHECK ((status = 'failed') = (error IS NOT NULL)),
  CHECK (result_model IS NULL OR status = 'succeeded')
) WITH (fillfactor = 85);
-- The order in which workers take jobs. Finished ones, soon the most, are in none of these.
CREATE INDEX jobs_queued ON jobs (priority DESC, turn, number) WHERE status = 'queued';
CREATE INDEX jobs_running ON jobs (number) WHERE status = 'running';
-- One open job answers everyone who asks the same.
CREATE UNIQUE INDEX jobs_open_fingerprint ON jobs (fingerprint)
  WHERE status IN ('queued', 'running');
CREATE INDEX jobs_status ON jobs (status, number);
CREATE INDEX jobs_owner ON jobs (owner, status);
CREATE INDEX jobs_base_model ON jobs (base_model);
CREATE INDEX jobs_result_model ON jobs (result_model);
CREATE INDEX jobs_log_kept ON jobs (finished_at) WHERE log_kept AND finished_at IS NOT NULL;
CREATE INDEX jobs_without_model ON jobs (finished_at)
  WHERE finished_at IS NOT NULL AND result_model IS NULL;

-- Heartbeats. Narrow, with room on every page and no index on what changes, so that an update stays on its
-- page and is cleaned up there (HOT): wide rows bloat while some transaction is held open.
CREATE TABLE job_leases (
  job bigint PRIMARY KEY REFERENCES jobs (number) ON DELETE CASCADE,
  attempt integer NOT NULL,
  worker text,
  expires_at bigint NOT NULL,
  memory_estimate bigint,
  memory_used bigint NOT NULL DEFAULT 0,
  is_spared boolean NOT NULL DEFAULT false
) WITH (fillfactor = 70);

CREATE TABLE job_progress (
  job bigint PRIMARY KEY REFERENCES jobs (number) ON DELETE CASCADE,
  progress text NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE job_requesters (
  user_id text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  job bigint NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
  added_at bigint NOT NULL,
  priority integer NOT NULL,
  bytes bigint NOT NULL,
  PRIMARY KEY (user_id, job)
);
CREATE INDEX job_requesters_job ON job_requesters (job, added_at, user_id);
CREATE INDEX job_requesters_added_at ON job_requesters (user_id, added_at, job);

CREATE TABLE idempotency_keys (
  user_id text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  key text COLLATE "C" NOT NULL,
  request text NOT NULL,
  job bigint NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
  created_at bigint NOT NULL,
  PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_keys_job ON idempotency_keys (job);
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

CREATE TABLE job_events (
  job bigint NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
  sequence bigint NOT NULL CHECK (sequence >= 1),
  level text NOT NULL,
  type text NOT NULL,
  message text NOT NULL,
  data text,
  created_at bigint NOT NULL,
  PRIMARY KEY (job, sequence)
);

CREATE TABLE checkpoints (
  job bigint NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
  iteration bigint NOT NULL CHECK (iteration >= 0),
  attempt integer NOT NULL,
  blob text COLLATE "C" NOT NULL REFERENCES blobs (digest),
  created_at bigint NOT NULL,
  PRIMARY KEY (job, iteration)
);
CREATE INDEX checkpoints_blob ON checkpoints (blob);

CREATE TABLE models (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  fingerprint text COLLATE "C" NOT NULL UNIQUE,
  job bigint NOT NULL UNIQUE REFERENCES jobs (number),
  base_model text COLLATE "C" NOT NULL REFERENCES base_models (name),
  blob text COLLATE "C" NOT NULL REFERENCES blobs (digest),
  size bigint NOT NULL,
  labels text NOT NULL,
  first_labels text,
  label_count integer NOT NULL,
  card text NOT NULL,
  short_card text,
  metadata text NOT NULL,
  created_at bigint NOT NULL,
  used_at bigint NOT NULL
);
CREATE INDEX models_blob ON models (blob);
CREATE INDEX models_used_at ON models (used_at);
ALTER TABLE jobs ADD FOREIGN KEY (result_model) REFERENCES models (number) ON DELETE SET NULL;

CREATE TABLE model_files (
  model bigint NOT NULL REFERENCES models (number) ON DELETE CASCADE,
  name text COLLATE "C" NOT NULL,
  blob text COLLATE "C" NOT NULL REFERENCES blobs (digest),
  size bigint NOT NULL,
  media_type text NOT NULL,
  PRIMARY KEY (model, name)
);
CREATE INDEX model_files_blob ON model_files (blob);

CREATE TABLE model_users (
  user_id text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  model bigint NOT NULL REFERENCES models (number) ON DELETE CASCADE,
  added_at bigint NOT NULL,
  PRIMARY KEY (user_id, model)
);
CREATE INDEX model_users_model ON model_users (model);
CREATE INDEX model_users_added_at ON model_users (user_id, added_at, model);

CREATE TABLE tokens (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  digest text COLLATE "C" NOT NULL UNIQUE,
  user_id text COLLATE "C" REFERENCES users (id) ON DELETE CASCADE,
  label text NOT NULL,
  scope text NOT NULL CHECK (scope IN ('all', 'read', 'metrics')),
  created_at bigint NOT NULL,
  expires_at bigint,
  used_at bigint,
  revoked_at bigint
);
CREATE INDEX tokens_user ON tokens (user_id);

CREATE TABLE speeds (
  base_model text COLLATE "C" NOT NULL REFERENCES base_models (name) ON DELETE CASCADE,
  machine text COLLATE "C" NOT NULL,
  units_per_second double precision NOT NULL,
  jobs bigint NOT NULL,
  PRIMARY KEY (base_model, machine)
);

-- Turns between users: start-time fair queueing (Goyal, Vin, Cheng, SIGCOMM 1996).
CREATE TABLE queue_turns (
  priority integer PRIMARY KEY,
  turn bigint NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE user_turns (
  user_id text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  priority integer NOT NULL,
  turn bigint NOT NULL CHECK (turn >= 0),
  PRIMARY KEY (user_id, priority)
) WITH (fillfactor = 85);
