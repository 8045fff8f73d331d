-- What a job needs of the worker that takes it, as a sorted list of names in JSON.
ALTER TABLE jobs ADD COLUMN requires text NOT NULL DEFAULT '[]';
