-- The base model of requests that name none. Until now it was the only one, or else the embedded one.
ALTER TABLE base_models ADD COLUMN is_default INTEGER NOT NULL DEFAULT 0
  CHECK (is_default IN (0, 1));
CREATE UNIQUE INDEX base_models_default ON base_models (is_default) WHERE is_default = 1;
UPDATE base_models SET is_default = 1 WHERE name = (
  SELECT name FROM base_models
  ORDER BY name = 'resnet18-fashion-mnist' DESC, created_at, name LIMIT 1);
