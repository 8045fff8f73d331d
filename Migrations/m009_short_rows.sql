-- Lists read rows that stay short, whatever was asked for. What may be long moves to tables of its own;
-- the rows keep the first 20 of its elements and how many there are. And what a user's requests take is
-- written down, so that a quota need not read them.

-- Before the rows become short: profile, recipe, metadata and estimate of what a user asked for.
ALTER TABLE job_requesters ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0 CHECK (bytes >= 0);
UPDATE job_requesters SET bytes = (
  SELECT length(CAST(profile AS BLOB)) + length(CAST(recipe AS BLOB))
    + length(CAST(metadata AS BLOB)) + coalesce(length(CAST(estimate AS BLOB)), 0)
  FROM jobs WHERE number = job);

CREATE TABLE job_profiles (
  job INTEGER NOT NULL PRIMARY KEY REFERENCES jobs (number) ON DELETE CASCADE,
  profile TEXT NOT NULL CHECK (json_valid(profile))
) STRICT;
ALTER TABLE jobs ADD COLUMN class_count INTEGER NOT NULL DEFAULT 0 CHECK (class_count >= 0);
UPDATE jobs SET class_count = json_array_length(profile) WHERE json_valid(profile);
INSERT INTO job_profiles (job, profile) SELECT number, profile FROM jobs WHERE class_count > 20;
UPDATE jobs SET profile = (
    SELECT json_group_array(json(value)) FROM (SELECT value FROM json_each(profile) LIMIT 20))
  WHERE class_count > 20;

-- A user's versions of a profile.
ALTER TABLE profiles ADD COLUMN class_count INTEGER NOT NULL DEFAULT 0 CHECK (class_count >= 0);
ALTER TABLE profiles ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0 CHECK (bytes >= 0);
UPDATE profiles SET bytes = length(CAST(classes AS BLOB)) + length(CAST(profile AS BLOB));
UPDATE profiles SET class_count = json_array_length(classes) WHERE json_valid(classes);
CREATE TABLE profile_documents (
  user TEXT NOT NULL,
  version INTEGER NOT NULL,
  classes TEXT NOT NULL CHECK (json_valid(classes)),
  profile TEXT NOT NULL CHECK (json_valid(profile)),
  PRIMARY KEY (user, version),
  FOREIGN KEY (user, version) REFERENCES profiles (user, version) ON DELETE CASCADE
) STRICT;
INSERT INTO profile_documents (user, version, classes, profile)
  SELECT user, version, classes, profile FROM profiles WHERE class_count > 20;
UPDATE profiles SET profile = '[]', classes = (
    SELECT json_group_array(json(value)) FROM (SELECT value FROM json_each(classes) LIMIT 20))
  WHERE class_count > 20;

-- A model's card says something of each label too.
ALTER TABLE models ADD COLUMN label_count INTEGER NOT NULL DEFAULT 0 CHECK (label_count >= 0);
UPDATE models SET label_count = json_array_length(labels) WHERE json_valid(labels);
CREATE TABLE model_documents (
  model INTEGER NOT NULL PRIMARY KEY REFERENCES models (number) ON DELETE CASCADE,
  labels TEXT NOT NULL CHECK (json_valid(labels)),
  card TEXT NOT NULL CHECK (json_valid(card))
) STRICT;
INSERT INTO model_documents (model, labels, card)
  SELECT number, labels, card FROM models WHERE label_count > 20;
UPDATE models SET
    card = json_replace(card, '$.classes', json('[]'), '$.accuracy.per_class', json('{}')),
    labels = (SELECT json_group_array(value) FROM (SELECT value FROM json_each(labels) LIMIT 20))
  WHERE label_count > 20;
