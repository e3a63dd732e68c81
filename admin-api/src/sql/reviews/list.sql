-- $1 text: detector; NULL for all. $2 text: state; NULL for both. $3 bigint: only reviews older than this one. $4 bigint: how many.
-- Columns that readers may see: neither who reviews nor what was written.
SELECT to_jsonb(v) FROM (
    SELECT r.review_id, r.account_id, r.detector, r.why, r.priority, r.state, r.follows, r.skips, r.bot_probability,
           r.scored_as_bot, r.model_version, r.queued_at, r.claimed_at, r.lease_until
    FROM botdet.review r
    WHERE r.detector = coalesce($1::text, r.detector) AND r.state = coalesce($2::text, r.state)
        AND r.review_id < coalesce($3::bigint, 9223372036854775807)
    ORDER BY r.review_id DESC
    LIMIT $4::bigint
) AS v
