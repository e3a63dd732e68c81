-- $1 accounts. One row each, in their order: state if there is one, and profile.
SELECT k.account_id, s.state, s.stale, a.account_id IS NOT NULL,
       a.created_at, a.is_verified, a.followers, a.following,
       a.display_name, a.description, a.location, a.website, a.has_avatar
FROM pg_catalog.unnest($1) WITH ORDINALITY AS k (account_id, position)
LEFT JOIN botdet.account_state s ON s.account_id = k.account_id
LEFT JOIN botdet.account a ON a.account_id = k.account_id
ORDER BY k.position
