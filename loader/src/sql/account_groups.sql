-- $1 accounts. What groups each belongs to, in their order.
SELECT a.language, a.region, extract(epoch FROM now() - a.created_at)::double precision / 86400
FROM unnest($1::bigint[]) WITH ORDINALITY AS k (account_id, position)
LEFT JOIN botdet.account a USING (account_id)
ORDER BY k.position
