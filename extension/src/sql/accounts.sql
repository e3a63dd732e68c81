-- $1 accounts. One row each, in their order: state if there is one, and profile. The plan is made once a session, when tables
-- may still be empty: lateral look-ups leave it nothing but the two primary keys.
SELECT k.account_id, s.state, s.stale, a.account_id IS NOT NULL,
       a.created_at, a.is_verified, a.followers, a.following,
       a.display_name, a.description, a.location, a.website, a.has_avatar, a.account_key
FROM pg_catalog.unnest($1) WITH ORDINALITY AS k (account_id, position)
LEFT JOIN LATERAL (
    SELECT state, stale FROM botdet.account_state WHERE account_id = k.account_id OFFSET 0
) AS s ON true
LEFT JOIN LATERAL (
    SELECT * FROM botdet.account WHERE account_id = k.account_id OFFSET 0
) AS a ON true
ORDER BY k.position
