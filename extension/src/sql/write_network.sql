-- $1 when accounts were compared, $2 accounts in ascending order, and the columns of what was found.
INSERT INTO botdet.account_network (
    account_id, compared_at, copied_rate, copy_accounts, shared_device_degree, shared_ip_degree, lockstep_score,
    lockstep_accounts
)
SELECT k.account_id, $1, k.copied_rate, k.copy_accounts, k.shared_device_degree, k.shared_ip_degree, k.lockstep_score,
       k.lockstep_accounts
FROM ROWS FROM (
    pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5), pg_catalog.unnest($6),
    pg_catalog.unnest($7), pg_catalog.unnest($8)
) AS k (
    account_id, copied_rate, copy_accounts, shared_device_degree, shared_ip_degree, lockstep_score, lockstep_accounts
)
ON CONFLICT (account_id, compared_at) DO UPDATE SET
    copied_rate = excluded.copied_rate, copy_accounts = excluded.copy_accounts,
    shared_device_degree = excluded.shared_device_degree, shared_ip_degree = excluded.shared_ip_degree,
    lockstep_score = excluded.lockstep_score, lockstep_accounts = excluded.lockstep_accounts
