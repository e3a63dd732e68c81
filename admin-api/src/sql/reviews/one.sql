-- $1 bigint: review. With what was said last, for whoever has claimed it.
SELECT to_jsonb(v) FROM (
    SELECT r.review_id, r.account_id, r.detector, r.why, r.priority, r.state, r.follows, r.skips, r.bot_probability,
           r.scored_as_bot, r.model_version, r.queued_at, r.claimed_at, r.lease_until,
           CASE WHEN r.claimed_by = botdet.actor() THEN r.note END AS note,
           r.claimed_by = botdet.actor() AND r.lease_until > now() AS is_mine
    FROM botdet.review r WHERE r.review_id = $1::bigint
) AS v
