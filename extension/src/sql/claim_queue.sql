-- $1 how many rows. Takes the oldest that nobody else is taking, and all others of the same accounts. Rows are locked first and
-- then removed by where they lie: arrays are made once, where a join might be planned to look for its rows repeatedly.
WITH oldest AS MATERIALIZED (
    SELECT account_id FROM botdet.score_queue WHERE detector = 'account' ORDER BY queue_id LIMIT $1 FOR UPDATE SKIP LOCKED
), claimed AS MATERIALIZED (
    SELECT ctid FROM botdet.score_queue
    WHERE account_id = ANY (ARRAY(SELECT DISTINCT account_id FROM oldest)) AND detector = 'account'
    FOR UPDATE SKIP LOCKED
)
DELETE FROM botdet.score_queue WHERE ctid = ANY (ARRAY(SELECT ctid FROM claimed)) RETURNING account_id
