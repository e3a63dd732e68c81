-- Accounts that are scored after the transaction that touched them.

-- No unique key on the account: two transactions that touch the same one would wait for each other. The index finds all rows of
-- an account once one of them is taken. The detector leads the primary key, so that whatever share of the rows the planner takes
-- for a detector's, the index in its order is the way to the oldest of them, and never a sort of all.
--
-- Every row is deleted soon after it was inserted. Waiting for a share of the table to be dead would leave a burst's dead rows
-- in front of each look for the oldest; and giving the emptied end of the file back takes a lock that stops all inserts.
CREATE TABLE botdet.score_queue (
    queue_id   bigint GENERATED ALWAYS AS IDENTITY,
    account_id bigint NOT NULL,
    detector   text NOT NULL DEFAULT 'account',
    queued_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (detector, queue_id)
) WITH (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000, vacuum_truncate = off
);
CREATE INDEX ON botdet.score_queue (account_id);
COMMENT ON TABLE botdet.score_queue IS
    'accounts that wait to be scored, any number of rows each; added to by inserts as botdet.detector.insert_mode says, taken from by botdet_score_pending()';
COMMENT ON COLUMN botdet.score_queue.queue_id IS 'order of the queue';
COMMENT ON COLUMN botdet.score_queue.account_id IS 'who is to be scored';
COMMENT ON COLUMN botdet.score_queue.detector IS 'by which detector';
COMMENT ON COLUMN botdet.score_queue.queued_at IS 'when it was queued: just before the transaction that touched the account committed';
-- Not registered with pg_extension_config_dump: the scores that these rows are about are not carried by a dump either, and
-- have to be made again for all accounts.

CREATE FUNCTION botdet_score_pending("limit" integer DEFAULT 1000)
RETURNS bigint
VOLATILE PARALLEL UNSAFE COST 1000000
SET search_path = pg_catalog, pg_temp SET row_security = off
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_score_pending';
COMMENT ON FUNCTION botdet_score_pending(integer) IS
    'scores the accounts that have waited longest, at most that many by each detector, writes botdet.score and returns how many left the queue; a rollback puts them back. Any number of sessions may call it at once; commit after each call';

CREATE VIEW botdet.queue_status WITH (security_invoker = true) AS
SELECT d.detector, count(q.queue_id) AS rows_waiting, count(DISTINCT q.account_id) AS accounts_waiting,
       clock_timestamp() - min(q.queued_at) AS oldest_age
FROM botdet.detector d
LEFT JOIN botdet.score_queue q ON q.detector = d.detector
GROUP BY d.detector;
COMMENT ON VIEW botdet.queue_status IS 'how much waits to be scored; what is being scored counts until that commits';
COMMENT ON COLUMN botdet.queue_status.detector IS 'by which detector';
COMMENT ON COLUMN botdet.queue_status.rows_waiting IS 'rows of botdet.score_queue';
COMMENT ON COLUMN botdet.queue_status.accounts_waiting IS 'different accounts among them';
COMMENT ON COLUMN botdet.queue_status.oldest_age IS 'how long the oldest has waited; NULL when none does';
