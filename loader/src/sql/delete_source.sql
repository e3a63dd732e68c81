-- $1 source. Everything of its accounts; the parts of one statement see the tables as they were before it.
WITH gone AS (SELECT account_id FROM botdet.account WHERE source = $1),
     activity AS (DELETE FROM botdet.activity WHERE account_id IN (TABLE gone)),
     score AS (DELETE FROM botdet.score WHERE account_id IN (TABLE gone)),
     archive AS (DELETE FROM botdet.archived_state WHERE account_id IN (TABLE gone)),
     label AS (DELETE FROM botdet.label WHERE account_id IN (TABLE gone))
DELETE FROM botdet.account WHERE account_id IN (TABLE gone)
RETURNING account_id
