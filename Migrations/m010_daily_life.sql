-- What operators need from day to day.

-- Has its one row while no worker may take a job.
CREATE TABLE queue_pause (
  is_only INTEGER PRIMARY KEY CHECK (is_only = 1),
  paused_at INTEGER NOT NULL
) STRICT;

-- When the user last asked for a model or used a token, to the hour: a busy user's row stays as it is.
ALTER TABLE users ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0;
UPDATE users SET seen_at = max(created_at,
  coalesce((SELECT max(added_at) FROM job_requesters r WHERE r.user = users.id), 0),
  coalesce((SELECT max(used_at) FROM tokens t WHERE t.user = users.id), 0));
