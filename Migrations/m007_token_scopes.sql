-- What a token is good for, until when, and when it was last used.

-- 'all', 'read' (nothing that changes anything) or 'metrics' (nothing but /metrics).
ALTER TABLE tokens ADD COLUMN scope TEXT NOT NULL DEFAULT 'all'
  CHECK (scope IN ('all', 'read', 'metrics'));
-- NULL: it never ends by itself.
ALTER TABLE tokens ADD COLUMN expires_at INTEGER;
-- To the round of tidying up; NULL: not since this was written down.
ALTER TABLE tokens ADD COLUMN used_at INTEGER;
