-- $1 latest time. Pages with a text.
SELECT b.backlink_id, b.source_domain, b.page_text
FROM botdet.backlink b
WHERE b.page_text IS NOT NULL AND b.first_seen OPERATOR(pg_catalog.<=) $1
ORDER BY b.backlink_id
