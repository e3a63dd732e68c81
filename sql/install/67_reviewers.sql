-- What is known of reviewers, what their decisions add up to, and when there is enough to learn from.

-- Reviewers ----------------------------------------------------------------------------------------------------------

CREATE VIEW botdet.reviewer_trust WITH (security_invoker = true) AS
SELECT c.reviewer, c.detector, c.golden, c.golden_right, c.agreed, c.disputed, c.disputed_right,
       (double precision '4' + c.golden_right::double precision + c.disputed_right::double precision
        + double precision '0.5' * c.agreed::double precision)
       / (double precision '5' + c.golden::double precision + c.disputed::double precision
          + double precision '0.5' * c.agreed::double precision) AS trust,
       c.noted_at
FROM (
    SELECT e.reviewer, e.detector,
           count(*) FILTER (WHERE e.kind = 'golden') AS golden,
           count(*) FILTER (WHERE e.kind = 'golden' AND e.is_right) AS golden_right,
           count(*) FILTER (WHERE e.kind = 'second') AS agreed,
           count(*) FILTER (WHERE e.kind = 'final') AS disputed,
           count(*) FILTER (WHERE e.kind = 'final' AND e.is_right) AS disputed_right,
           max(e.noted_at) AS noted_at
    FROM botdet.reviewer_evidence e
    GROUP BY e.reviewer, e.detector
) AS c;
COMMENT ON VIEW botdet.reviewer_trust IS
    'how far each reviewer is right. trust is the mean of a Beta distribution that begins as Beta(4, 1), 0.8 for somebody of whom nothing is known: golden items and decisions that an administrator settled count one each, agreement with a second reviewer a half, since two may be wrong alike. (4 + golden_right + disputed_right + agreed / 2) / (5 + golden + disputed + agreed / 2)';
COMMENT ON COLUMN botdet.reviewer_trust.reviewer IS 'who';
COMMENT ON COLUMN botdet.reviewer_trust.detector IS 'for which detector';
COMMENT ON COLUMN botdet.reviewer_trust.golden IS 'golden items decided';
COMMENT ON COLUMN botdet.reviewer_trust.golden_right IS 'of these, rightly';
COMMENT ON COLUMN botdet.reviewer_trust.agreed IS 'decisions that another reviewer agreed with';
COMMENT ON COLUMN botdet.reviewer_trust.disputed IS 'decisions that an administrator had the last word about';
COMMENT ON COLUMN botdet.reviewer_trust.disputed_right IS 'of these, confirmed';
COMMENT ON COLUMN botdet.reviewer_trust.trust IS 'estimated probability that a decision of theirs is right, between 0 and 1';
COMMENT ON COLUMN botdet.reviewer_trust.noted_at IS 'since when nothing more is known';

CREATE FUNCTION botdet.trust_in(reviewer text, detector text)
RETURNS double precision
STRICT STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
LANGUAGE sql
RETURN coalesce(
    (SELECT t.trust FROM botdet.reviewer_trust t WHERE t.reviewer = trust_in.reviewer AND t.detector = trust_in.detector),
    double precision '0.8'
);
COMMENT ON FUNCTION botdet.trust_in(text, text) IS 'trust in a reviewer as botdet.reviewer_trust has it; 0.8 in one of whom nothing is known';

-- Feedback -----------------------------------------------------------------------------------------------------------

CREATE VIEW botdet.review_status WITH (security_invoker = true) AS
SELECT r.detector, r.why, count(*) FILTER (WHERE r.lease_until > clock_timestamp()) AS claimed,
       count(*) FILTER (WHERE (r.lease_until > clock_timestamp()) IS NOT TRUE) AS waiting,
       clock_timestamp() - min(r.queued_at) AS oldest_age
FROM botdet.review r
WHERE r.state = 'open'
GROUP BY r.detector, r.why;
COMMENT ON VIEW botdet.review_status IS 'how many reviews wait, and how many are being looked at';
COMMENT ON COLUMN botdet.review_status.detector IS 'for which detector';
COMMENT ON COLUMN botdet.review_status.why IS 'why they are to be looked at, see botdet.review';
COMMENT ON COLUMN botdet.review_status.claimed IS 'claimed, with a lease that lasts';
COMMENT ON COLUMN botdet.review_status.waiting IS 'open to be claimed';
COMMENT ON COLUMN botdet.review_status.oldest_age IS 'how long the oldest of both has been queued';

-- As the owner: single decisions are not for everybody to see, and golden items would show among them.
CREATE FUNCTION botdet.count_decisions()
RETURNS TABLE (
    "time" timestamptz, detector text, decisions bigint, bots bigint, scored bigint, agreeing bigint, explored bigint,
    second_reviews bigint, second_agreed bigint, appeals bigint, appeals_upheld bigint, mean_seconds double precision
)
STABLE PARALLEL SAFE COST 100000 ROWS 100 SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE sql
BEGIN ATOMIC
    SELECT date_trunc('day', d.decided_at, 'UTC'), d.detector, count(*), count(*) FILTER (WHERE d.is_bot), count(r.scored_as_bot),
           count(*) FILTER (WHERE r.scored_as_bot = d.is_bot), count(r.propensity),
           count(*) FILTER (WHERE f.outcome = 'second review'),
           count(*) FILTER (WHERE f.outcome = 'second review' AND f.is_bot = d.is_bot),
           count(*) FILTER (WHERE r.why = 'appeal'),
           count(*) FILTER (WHERE r.why = 'appeal' AND coalesce(d.was_labelled, r.scored_as_bot) <> d.is_bot),
           avg(extract(epoch FROM d.decided_at - d.claimed_at)::double precision)
    FROM botdet.review_decision d
    JOIN botdet.review r ON r.review_id = d.review_id
    LEFT JOIN botdet.review_decision f ON f.review_id = r.follows
    WHERE d.outcome <> 'measured'
    GROUP BY 1, d.detector;
END;
COMMENT ON FUNCTION botdet.count_decisions() IS 'adds up decisions of reviewers by day; read botdet.feedback_daily_v1 instead';

CREATE VIEW botdet.feedback_daily_v1 WITH (security_invoker = true) AS
SELECT c."time", c.detector, c.decisions, c.bots, c.scored, c.agreeing,
       c.agreeing::double precision / nullif(c.scored, bigint '0')::double precision AS agreement, c.explored,
       c.second_reviews, c.second_agreed, c.appeals, c.appeals_upheld, c.mean_seconds
FROM botdet.count_decisions() AS c;
COMMENT ON VIEW botdet.feedback_daily_v1 IS 'decisions of reviewers by day, UTC; golden items do not count';
COMMENT ON COLUMN botdet.feedback_daily_v1."time" IS 'start of the day, UTC';
COMMENT ON COLUMN botdet.feedback_daily_v1.detector IS 'for which detector';
COMMENT ON COLUMN botdet.feedback_daily_v1.decisions IS 'decisions';
COMMENT ON COLUMN botdet.feedback_daily_v1.bots IS 'of these, bots';
COMMENT ON COLUMN botdet.feedback_daily_v1.scored IS 'of these, accounts that had a score';
COMMENT ON COLUMN botdet.feedback_daily_v1.agreeing IS 'of the scored, those where decision and score agree';
COMMENT ON COLUMN botdet.feedback_daily_v1.agreement IS 'share of the scored on which they agree, 0 to 1; of accounts that were chosen for being doubtful, mostly';
COMMENT ON COLUMN botdet.feedback_daily_v1.explored IS 'of accounts that were drawn at random';
COMMENT ON COLUMN botdet.feedback_daily_v1.second_reviews IS 'second reviews';
COMMENT ON COLUMN botdet.feedback_daily_v1.second_agreed IS 'of these, those that agree with the first';
COMMENT ON COLUMN botdet.feedback_daily_v1.appeals IS 'decisions about appeals';
COMMENT ON COLUMN botdet.feedback_daily_v1.appeals_upheld IS 'of these, those that change the label, or the score where there is none';
COMMENT ON COLUMN botdet.feedback_daily_v1.mean_seconds IS 'mean time from claim to decision, s';

CREATE VIEW botdet.explored_performance WITH (security_invoker = true) AS
SELECT c.detector, c.model_version, c.labels, c.drawn, c.bots / c.all_weights AS bot_share,
       (c.true_positives + c.true_negatives) / c.all_weights AS accuracy,
       c.true_positives / nullif(c.true_positives + c.false_positives, double precision '0') AS "precision",
       c.true_positives / nullif(c.bots, double precision '0') AS recall
FROM (
    SELECT r.detector, r.model_version, count(l.is_bot) AS labels, count(*) AS drawn,
           sum(double precision '1' / r.propensity) FILTER (WHERE l.is_bot IS NOT NULL) AS all_weights,
           coalesce(sum(double precision '1' / r.propensity) FILTER (WHERE l.is_bot), double precision '0') AS bots,
           coalesce(sum(double precision '1' / r.propensity) FILTER (WHERE l.is_bot AND r.scored_as_bot), double precision '0')
               AS true_positives,
           coalesce(sum(double precision '1' / r.propensity) FILTER (WHERE NOT l.is_bot AND r.scored_as_bot), double precision '0')
               AS false_positives,
           coalesce(sum(double precision '1' / r.propensity) FILTER (WHERE NOT l.is_bot AND NOT r.scored_as_bot), double precision '0')
               AS true_negatives
    FROM botdet.review r
    LEFT JOIN botdet.label l ON l.account_id = r.account_id AND l.detector = r.detector AND l.labelled_at >= r.queued_at
    WHERE r.propensity IS NOT NULL AND r.scored_as_bot IS NOT NULL
    GROUP BY r.detector, r.model_version
) AS c;
COMMENT ON VIEW botdet.explored_performance IS
    'how versions do on accounts that exploration drew, each weighed by the inverse of its chance to be drawn (Horvitz and Thompson, 1952): what other labels cannot tell, since reviewers see mostly what a version doubts. It holds for accounts without a label, and as far as those drawn are decided';
COMMENT ON COLUMN botdet.explored_performance.detector IS 'of which detector';
COMMENT ON COLUMN botdet.explored_performance.model_version IS 'version that had scored; NULL for rules';
COMMENT ON COLUMN botdet.explored_performance.labels IS 'accounts drawn that are labelled since';
COMMENT ON COLUMN botdet.explored_performance.drawn IS 'accounts drawn';
COMMENT ON COLUMN botdet.explored_performance.bot_share IS 'estimated share of bots, 0 to 1; NULL without a label';
COMMENT ON COLUMN botdet.explored_performance.accuracy IS 'estimated share that is judged rightly';
COMMENT ON COLUMN botdet.explored_performance."precision" IS 'estimated share of those called bots that are; NULL when none is called so';
COMMENT ON COLUMN botdet.explored_performance.recall IS 'estimated share of the bots that are called so; NULL without any';

-- Learning on --------------------------------------------------------------------------------------------------------

CREATE VIEW botdet.retraining_due WITH (security_invoker = true) AS
SELECT c.detector, c.last_trained_at, c.new_labels, c.new_bots, c.retrain_labels, c.retrain_interval, c.requested_by,
       CASE
           WHEN c.requested_by IS NOT NULL THEN 'request'
           WHEN c.new_labels >= c.retrain_labels THEN 'labels'
           WHEN c.new_labels >= c.least_retrain_labels
               AND coalesce(c.last_trained_at + c.retrain_interval <= now(), true) THEN 'interval'
       END AS due_by
FROM (
    SELECT s.detector, t.last_trained_at, s.retrain_labels, s.retrain_interval, s.least_retrain_labels,
           (SELECT q.requested_by FROM botdet.retraining_request q
            WHERE q.detector = s.detector AND coalesce(q.requested_at > t.last_trained_at, true)) AS requested_by,
           count(l.is_bot) AS new_labels, count(l.is_bot) FILTER (WHERE l.is_bot) AS new_bots
    FROM botdet.feedback_settings s
    CROSS JOIN LATERAL (
        -- An update of the filter is no training, and a training that brings nothing is one all the same.
        SELECT greatest(
                   max(v.created_at),
                   (SELECT max(j.started_at) FROM botdet.job j
                    WHERE j.detector = s.detector AND j.kind = 'retrain' AND j.state = 'done')
               ) AS last_trained_at
        FROM botdet.model_version v
        WHERE v.detector = s.detector AND v.manifest #>> '{training,updated_from}' IS NULL
    ) AS t
    LEFT JOIN botdet.label l ON l.detector = s.detector AND coalesce(l.labelled_at > t.last_trained_at, true)
    GROUP BY s.detector, t.last_trained_at, s.retrain_labels, s.retrain_interval, s.least_retrain_labels
) AS c;
COMMENT ON VIEW botdet.retraining_due IS 'labels told since each detector was last trained, and whether that is reason to train another';
COMMENT ON COLUMN botdet.retraining_due.detector IS 'which detector';
COMMENT ON COLUMN botdet.retraining_due.last_trained_at IS 'when its last version was registered, or the last job that trained one began; NULL when none was. Updates of the filter do not count';
COMMENT ON COLUMN botdet.retraining_due.new_labels IS 'labels made or changed since';
COMMENT ON COLUMN botdet.retraining_due.new_bots IS 'of these, bots';
COMMENT ON COLUMN botdet.retraining_due.retrain_labels IS 'new labels after which retraining is due';
COMMENT ON COLUMN botdet.retraining_due.retrain_interval IS 'time since the last training after which it is due';
COMMENT ON COLUMN botdet.retraining_due.requested_by IS 'who asked for it since; NULL when nobody has';
COMMENT ON COLUMN botdet.retraining_due.due_by IS
    'why retraining is due: request, labels (enough new ones), interval (time, and some new labels); NULL when it is not';

CREATE FUNCTION botdet_request_retraining(detector text DEFAULT 'account', reason text DEFAULT 'asked for')
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO botdet.retraining_request (detector, reason)
    VALUES (botdet_request_retraining.detector, botdet_request_retraining.reason)
    ON CONFLICT ON CONSTRAINT retraining_request_pkey DO UPDATE
        SET reason = excluded.reason, requested_by = botdet.actor(), requested_at = now();
EXCEPTION WHEN foreign_key_violation THEN
    RAISE EXCEPTION 'there is no detector %', botdet_request_retraining.detector
        USING ERRCODE = 'undefined_object', HINT = 'botdet.detector lists the detectors there are.';
END
$$;
COMMENT ON FUNCTION botdet_request_retraining(text, text) IS
    'makes retraining of a detector due by hand, until its next version is registered; see botdet.retraining_due';
