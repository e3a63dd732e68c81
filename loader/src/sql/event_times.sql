-- $1 accounts, $2 how many of their events come before, of those that are not archived. The time of the event that follows.
SELECT (
    SELECT occurred_at FROM botdet.activity
    WHERE account_id = k.account_id AND occurred_at >= coalesce(
        (SELECT archived_until FROM botdet.archived_state a WHERE a.account_id = k.account_id), '-infinity'
    )
    ORDER BY occurred_at, activity_id OFFSET k.before LIMIT 1
)
FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS k (account_id, before, position)
ORDER BY k.position
