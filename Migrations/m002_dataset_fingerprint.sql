-- What a data set's files looked like when their content was last read (names, sizes, times), so that
-- a server need not read all of them again to know that they are the registered ones.
ALTER TABLE datasets ADD COLUMN fingerprint TEXT
  CHECK (fingerprint IS NULL OR (length(fingerprint) = 64 AND fingerprint NOT GLOB '*[^0-9a-f]*'));
