-- Where the bytes of a blob are that are not in blob_chunks: a name in the object store. Its row is there
-- before the first byte of them, and goes after the last.
ALTER TABLE blobs ADD COLUMN place text COLLATE "C" UNIQUE CHECK (length(place) BETWEEN 1 AND 200);
