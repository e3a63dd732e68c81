-- $1 latest time. All links, with their domains and what is known of their pages.
SELECT b.backlink_id, b.source_domain, b.target, b.anchor, b.is_dofollow, b.first_seen, p.words, p.similarity,
       d.domain IS NOT NULL, d.rank, d.registered_at, pg_catalog.host(d.ip), d.registrar, d.asn, d.hosting, d.is_unsafe,
       pg_catalog.count(*) FILTER (WHERE b.first_seen OPERATOR(pg_catalog.<=) $1) OVER (PARTITION BY b.source_domain)
FROM botdet.backlink b
LEFT JOIN botdet.domain d ON d.domain OPERATOR(pg_catalog.=) b.source_domain
LEFT JOIN botdet.page_similarity p
    ON p.backlink_id OPERATOR(pg_catalog.=) b.backlink_id AND p.compared_at OPERATOR(pg_catalog.<=) $1
