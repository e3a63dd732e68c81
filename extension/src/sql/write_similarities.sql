-- $1 links in ascending order, $2 words, $3 similarities, $4 most similar pages, $5 the time they were compared as of.
INSERT INTO botdet.page_similarity AS s (backlink_id, words, similarity, nearest, compared_at)
SELECT k.backlink_id, k.words, k.similarity, k.nearest, $5
FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4))
    AS k (backlink_id, words, similarity, nearest)
ON CONFLICT (backlink_id) DO UPDATE SET
    words = excluded.words, similarity = excluded.similarity, nearest = excluded.nearest, compared_at = excluded.compared_at
