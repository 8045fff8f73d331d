PRAGMA page_size = 4096;
PRAGMA journal_mode = WAL;
PRAGMA foreign_keys = OFF;
BEGIN TRANSACTION;
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
INSERT INTO "base_models" VALUES('resnet','resnet20','88eab4debaccd9fd6c1eef7e2cfc960f4d77a2900ea3220135c2d44807277f96','shapes','["Boot","Bag"]','cae662172fd450bb0cd710a769079c05bfc5d8e35efa6576edc7d0377afdd4a2',270000,'{}',1000);
CREATE TABLE blob_chunks (
  blob INTEGER NOT NULL REFERENCES blobs (number) ON DELETE CASCADE,
  position INTEGER NOT NULL CHECK (position >= 0),
  bytes BLOB NOT NULL CHECK (length(bytes) BETWEEN 1 AND 1048576),
  PRIMARY KEY (blob, position)
) STRICT;
INSERT INTO "blob_chunks" VALUES(1,0,zeroblob(1048576));
INSERT INTO "blob_chunks" VALUES(1,1,X'7468652072657374');
INSERT INTO "blob_chunks" VALUES(2,0,X'7061636B6564');
CREATE TABLE blobs (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  digest TEXT UNIQUE CHECK (length(digest) = 64 AND digest NOT GLOB '*[^0-9a-f]*'),
  size INTEGER NOT NULL DEFAULT 0 CHECK (size >= 0),
  touched_at INTEGER NOT NULL
) STRICT;
INSERT INTO "blobs" VALUES(1,'88eab4debaccd9fd6c1eef7e2cfc960f4d77a2900ea3220135c2d44807277f96',1048584,1000);
INSERT INTO "blobs" VALUES(2,'88cb8a087b6e8cebfc9ae5602f5a2159a6bcf923e7f2c56809bcda6cad1727a7',6,1000);
CREATE TABLE checkpoints (
  job INTEGER NOT NULL PRIMARY KEY REFERENCES jobs (number) ON DELETE CASCADE,
  attempt INTEGER NOT NULL,
  iteration INTEGER NOT NULL CHECK (iteration >= 0),
  blob TEXT NOT NULL REFERENCES blobs (digest) ON DELETE RESTRICT,
  created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE datasets (
  name TEXT NOT NULL PRIMARY KEY,
  path TEXT NOT NULL,
  format TEXT NOT NULL,
  digest TEXT NOT NULL CHECK (length(digest) = 64 AND digest NOT GLOB '*[^0-9a-f]*'),
  classes TEXT NOT NULL CHECK (json_valid(classes)),
  counts TEXT NOT NULL CHECK (json_valid(counts)),
  created_at INTEGER NOT NULL
, fingerprint TEXT
  CHECK (fingerprint IS NULL OR (length(fingerprint) = 64 AND fingerprint NOT GLOB '*[^0-9a-f]*'))) STRICT;
INSERT INTO "datasets" VALUES('shapes','/data/shapes','idx','3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7','["Boot","Bag"]','{"train":6}',1000,NULL);
CREATE TABLE idempotency_keys (
  user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (user, key)
) STRICT, WITHOUT ROWID;
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
INSERT INTO "job_events" VALUES(1,1,'info','queued','waits',NULL,1000);
CREATE TABLE job_requesters (
  user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
  added_at INTEGER NOT NULL,
  PRIMARY KEY (user, job)
) STRICT, WITHOUT ROWID;
INSERT INTO "job_requesters" VALUES('ada',1,1000);
INSERT INTO "job_requesters" VALUES('bob',2,2000);
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
INSERT INTO "jobs" VALUES(1,'job_0123456789abcdef01234567','ada','succeeded',0,'a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e','resnet','{}','{}',7,'{}',1000,1100,1200,0,0,NULL,NULL,0,NULL,NULL,1);
INSERT INTO "jobs" VALUES(2,'job_123456789abcdef012345678','bob','queued',0,'16367aacb67a4a017c8da8ab95682ccb390863780f7114dda0a0e0c55644c7c4','resnet','{}','{}',7,'{}',2000,NULL,NULL,0,0,NULL,NULL,0,NULL,NULL,NULL);
CREATE TABLE model_files (
  model INTEGER NOT NULL REFERENCES models (number) ON DELETE CASCADE,
  name TEXT NOT NULL,
  blob TEXT NOT NULL REFERENCES blobs (digest) ON DELETE RESTRICT,
  size INTEGER NOT NULL CHECK (size >= 0),
  media_type TEXT NOT NULL,
  PRIMARY KEY (model, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE model_users (
  user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  model INTEGER NOT NULL REFERENCES models (number) ON DELETE CASCADE,
  added_at INTEGER NOT NULL,
  PRIMARY KEY (user, model)
) STRICT, WITHOUT ROWID;
INSERT INTO "model_users" VALUES('ada',1,1200);
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
INSERT INTO "models" VALUES(1,'model_0123456789abcdef01234567','a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e',1,'resnet','88cb8a087b6e8cebfc9ae5602f5a2159a6bcf923e7f2c56809bcda6cad1727a7',6,'["Bag"]','{}','{}',1200);
CREATE TABLE profiles (
  user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  version INTEGER NOT NULL CHECK (version >= 1),
  base_model TEXT NOT NULL REFERENCES base_models (name) ON DELETE RESTRICT,
  classes TEXT NOT NULL CHECK (json_valid(classes)),
  profile TEXT NOT NULL CHECK (json_valid(profile)),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (user, version)
) STRICT;
INSERT INTO "profiles" VALUES('ada',1,'resnet','[{"name":"Bag","weight":1}]','{}',1000);
CREATE TABLE tokens (
  id TEXT NOT NULL PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE CHECK (length(digest) = 64 AND digest NOT GLOB '*[^0-9a-f]*'),
  user TEXT REFERENCES users (id) ON DELETE CASCADE,
  label TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;
INSERT INTO "tokens" VALUES('token_0123456789abcdef01234567','7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed','ada','laptop',1000,NULL);
INSERT INTO "tokens" VALUES('token_123456789abcdef012345678','3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3',NULL,'old',900,950);
CREATE TABLE users (
  id TEXT NOT NULL PRIMARY KEY CHECK (length(CAST(id AS BLOB)) BETWEEN 1 AND 256),
  created_at INTEGER NOT NULL
) STRICT;
INSERT INTO "users" VALUES('ada',1000);
INSERT INTO "users" VALUES('bob',2000);
CREATE INDEX blobs_touched_at ON blobs (touched_at);
CREATE INDEX base_models_blob ON base_models (blob);
CREATE INDEX base_models_dataset ON base_models (dataset);
CREATE INDEX profiles_base_model ON profiles (base_model);
CREATE INDEX jobs_open ON jobs (priority DESC, number) WHERE status IN ('queued', 'running');
CREATE UNIQUE INDEX jobs_open_fingerprint ON jobs (fingerprint)
  WHERE status IN ('queued', 'running');
CREATE INDEX jobs_status ON jobs (status, number);
CREATE INDEX jobs_owner ON jobs (owner, status);
CREATE INDEX jobs_base_model ON jobs (base_model);
CREATE INDEX jobs_result_model ON jobs (result_model);
CREATE INDEX job_requesters_job ON job_requesters (job, added_at);
CREATE INDEX idempotency_keys_job ON idempotency_keys (job);
CREATE INDEX checkpoints_blob ON checkpoints (blob);
CREATE INDEX models_base_model ON models (base_model);
CREATE INDEX models_blob ON models (blob);
CREATE INDEX model_files_blob ON model_files (blob);
CREATE INDEX model_users_model ON model_users (model);
CREATE INDEX tokens_user ON tokens (user);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('blobs',2);
INSERT INTO "sqlite_sequence" VALUES('models',1);
COMMIT;
PRAGMA application_id = 1129468752;
PRAGMA user_version = 2;
