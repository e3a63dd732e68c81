-- $1 latest time, $2 domain of the target. Its links, with the columns of backlinks.sql.
SELECT b.backlink_id, b.source_domain, b.target, b.anchor, b.is_dofollow, b.first_seen, p.words, p.similarity,
       d.domain IS NOT NULL, d.rank, d.registered_at, pg_catalog.host(d.ip), d.registrar, d.asn, d.hosting, d.is_unsafe, n.links
FROM botdet.backlink b
LEFT JOIN botdet.domain d ON d.domain OPERATOR(pg_catalog.=) b.source_domain
LEFT JOIN botdet.page_similarity p
    ON p.backlink_id OPERATOR(pg_catalog.=) b.backlink_id AND p.compared_at OPERATOR(pg_catalog.<=) $1
CROSS JOIN LATERAL (
    SELECT pg_catalog.count(*) AS links
    FROM botdet.backlink o
    WHERE o.source_domain OPERATOR(pg_catalog.=) b.source_domain AND o.first_seen OPERATOR(pg_catalog.<=) $1
) AS n
WHERE b.target_domain OPERATOR(pg_catalog.=) $2
