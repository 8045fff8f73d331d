-- What is needed to let go of what nobody uses, and to tell users of no other user's times.

-- When a model was last asked for, downloaded or predicted with. Of models that were there before
-- nothing is known: they count as used now.
ALTER TABLE models ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;
UPDATE models SET used_at = max(created_at, 1000 * CAST(strftime('%s', 'now') AS INTEGER));
CREATE INDEX models_used_at ON models (used_at);

-- Finished jobs whose model is gone, or never was: nothing but their own row refers to them.
CREATE INDEX jobs_without_model ON jobs (finished_at)
  WHERE finished_at IS NOT NULL AND result_model IS NULL;

-- What this user asked for; NULL in rows of before.
ALTER TABLE job_requesters ADD COLUMN priority INTEGER;

-- Lists go by when the user asked: by the job's or the model's number they would tell that another
-- user asked before.
CREATE INDEX job_requesters_added_at ON job_requesters (user, added_at, job);
CREATE INDEX model_users_added_at ON model_users (user, added_at, model);
