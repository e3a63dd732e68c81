-- What there is of an account k: state if there is one, profile, what the latest comparison of accounts that $2 knows of has found.
SELECT k.account_id, s.state, s.stale, a.account_id IS NOT NULL,
       a.created_at, a.is_verified, a.followers, a.following,
       a.display_name, a.description, a.location, a.website, a.has_avatar, a.account_key,
       n.copied_rate, n.copy_accounts, n.shared_device_degree, n.shared_ip_degree, n.lockstep_score, n.lockstep_accounts,
       s.archived_until
