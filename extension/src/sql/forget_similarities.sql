-- $1 the time that pages were compared as of: those compared earlier have no text any more.
DELETE FROM botdet.page_similarity WHERE compared_at OPERATOR(pg_catalog.<) $1
