-- $1 accounts, $2 how many of their events come before. The time of the event that follows those.
SELECT (
    SELECT occurred_at FROM botdet.activity
    WHERE account_id = k.account_id
    ORDER BY occurred_at, activity_id OFFSET k.before LIMIT 1
)
FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS k (account_id, before, position)
ORDER BY k.position
