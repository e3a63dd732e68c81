-- $1 accounts, $2 times, NULL for no limit. What was known of each account at its time: the state's bytes, then the features in
-- the catalogue's order.
SELECT botdet_account_state(k.account_id, m.as_of), f.*
FROM unnest($1::bigint[], $2::timestamptz[]) WITH ORDINALITY AS k (account_id, as_of, position)
CROSS JOIN LATERAL (SELECT coalesce(k.as_of, 'infinity')) AS m (as_of)
CROSS JOIN LATERAL botdet_features(k.account_id, m.as_of) AS f
ORDER BY k.position
