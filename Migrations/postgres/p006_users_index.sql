-- Users are listed in the order of their ids, page by page, so that nothing reads it; each request writes it.
DROP INDEX users_seen_at;
