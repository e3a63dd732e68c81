-- $1 accounts, $2 latest time. One row each, in their order: state if there is one, profile, and what the latest comparison of
-- accounts that $2 knows of has found. The plan is made once a session, when tables
-- may still be empty: lateral look-ups leave it nothing but the two primary keys.
SELECT k.account_id, s.state, s.stale, a.account_id IS NOT NULL,
       a.created_at, a.is_verified, a.followers, a.following,
       a.display_name, a.description, a.location, a.website, a.has_avatar, a.account_key,
       n.copied_rate, n.copy_accounts, n.shared_device_degree, n.shared_ip_degree, n.lockstep_score, n.lockstep_accounts,
       s.archived_until
FROM pg_catalog.unnest($1) WITH ORDINALITY AS k (account_id, position)
LEFT JOIN LATERAL (
    SELECT state, stale, archived_until FROM botdet.account_state WHERE account_id = k.account_id OFFSET 0
) AS s ON true
LEFT JOIN LATERAL (
    SELECT * FROM botdet.account WHERE account_id = k.account_id OFFSET 0
) AS a ON true
LEFT JOIN LATERAL (
    SELECT * FROM botdet.account_network WHERE account_id = k.account_id AND compared_at <= $2 ORDER BY compared_at DESC LIMIT 1
) AS n ON true
ORDER BY k.position
