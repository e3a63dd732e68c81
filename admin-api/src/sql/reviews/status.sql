SELECT to_jsonb(s) FROM (
    SELECT detector, why, claimed, waiting, extract(epoch FROM oldest_age)::double precision AS oldest_age_seconds
    FROM botdet.review_status ORDER BY detector, why
) AS s
