-- When a lease ends by a clock that nobody sets: milliseconds of that start of the machine. Where the
-- machine has been started since, or another one looks, lease_expires_at decides.
ALTER TABLE jobs ADD COLUMN lease_boot TEXT;
ALTER TABLE jobs ADD COLUMN lease_steady INTEGER
  CHECK ((lease_steady IS NULL) = (lease_boot IS NULL));
