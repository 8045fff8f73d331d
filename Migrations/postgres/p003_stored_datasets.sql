-- Data sets whose files are blobs: the list of the files, and every blob that is needed, the list among them.
ALTER TABLE datasets ADD COLUMN manifest text COLLATE "C" REFERENCES blobs (digest);
CREATE TABLE dataset_pieces (
  dataset text COLLATE "C" NOT NULL REFERENCES datasets (name) ON DELETE CASCADE,
  blob text COLLATE "C" NOT NULL REFERENCES blobs (digest),
  PRIMARY KEY (dataset, blob)
);
CREATE INDEX dataset_pieces_blob ON dataset_pieces (blob);

-- Which database this is, and stays through a dump and its restoration: a place in an object store is one
-- database's, which removes there what it does not know.
ALTER TABLE crisp_schema ADD COLUMN identity text NOT NULL DEFAULT gen_random_uuid()::text;
-- The digest of the rows that were moved here from an SQLite database.
ALTER TABLE crisp_schema ADD COLUMN moved_from text;
