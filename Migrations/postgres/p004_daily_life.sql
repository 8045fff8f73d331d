-- What operators need from day to day.

-- Has its one row while no worker may take a job.
CREATE TABLE queue_pause (
  is_only boolean NOT NULL DEFAULT true PRIMARY KEY CHECK (is_only),
  paused_at bigint NOT NULL
);

-- When the user last asked for a model or used a token, to the hour: a busy user's row stays as it is.
ALTER TABLE users ADD COLUMN seen_at bigint NOT NULL DEFAULT 0;
UPDATE users SET seen_at = greatest(created_at,
  (SELECT max(added_at) FROM job_requesters r WHERE r.user_id = users.id),
  (SELECT max(used_at) FROM tokens t WHERE t.user_id = users.id));
CREATE INDEX users_seen_at ON users (seen_at, id);

-- What refers to what is to be removed.
CREATE INDEX models_base_model ON models (base_model);
CREATE INDEX profiles_base_model ON profiles (base_model);
CREATE INDEX base_models_dataset ON base_models (dataset);
