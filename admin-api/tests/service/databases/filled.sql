-- On top of the simulated accounts: what dashboards are about, a little of each.

-- A challenger in shadow, and scores by both, some of them of an hour that is rolled up.
SELECT botdet_shadow(version) FROM botdet.model_versions WHERE alias IS NULL AND detector = 'account' LIMIT 1;
SELECT botdet_store_scores(array_agg(account_id)) FROM botdet.account;
UPDATE botdet.score SET scored_at = scored_at - interval '2 hours' WHERE account_id % 3 = 0;
UPDATE botdet.shadow_score SET scored_at = scored_at - interval '2 hours' WHERE account_id % 3 = 0;
SELECT botdet_roll_up_scores();

-- Reviewers who decide by the truth, which stands in the labels that the simulation brings.
INSERT INTO botdet.feedback_setting (detector, exploration_share) VALUES ('account', 0.5);
CREATE TEMP TABLE truth AS SELECT account_id, is_bot FROM botdet.label;
DELETE FROM botdet.label;
SELECT botdet_fill_review_queue('account', 60);
SELECT botdet_decide_review(c.review_id, t.is_bot, 'timing', reviewer => 'anna')
FROM botdet_claim_review(50, reviewer => 'anna') AS c JOIN truth t ON t.account_id = c.account_id;

-- Three days of drift, an alert that holds and one that is over.
SELECT botdet_freeze_reference();
SELECT botdet_sample_features();
UPDATE botdet.drift_count SET day = day - 1;
UPDATE botdet.drift_score SET day = day - 1;
DELETE FROM botdet.drift_account;
SELECT botdet_sample_features();
INSERT INTO botdet.alert (detector, version, measure, slice_by, slice, feature, raised_value, cleared_at, cleared_value)
SELECT 'account', v.version, 'feature_psi', 'all', '', k.feature, 0.4, k.cleared_at, 0.1
FROM botdet.model_versions v, (VALUES ('posting_cadence', NULL), ('burst_score', now())) AS k (feature, cleared_at)
WHERE v.is_champion AND v.detector = 'account';

-- What waits.
UPDATE botdet.detector SET insert_mode = 'queue' WHERE detector = 'account';
INSERT INTO botdet.activity (account_id, occurred_at, action) SELECT account_id, now(), 'post' FROM botdet.account LIMIT 5;

-- A training that is over, with its candidate on trial, and one that goes on.
INSERT INTO botdet.job (kind, detector, reason, state, progress, finished_at, version)
SELECT 'retrain', 'account', 'labels', 'done', 1, now(), v.version FROM botdet.model_versions v WHERE v.alias = 'challenger';
INSERT INTO botdet.trial (detector, version, champion, job_id, state, reason)
SELECT 'account', c.version, v.version, j.job_id, 'shadow', 'for the dashboards'
FROM botdet.model_versions c, botdet.model_versions v, botdet.job j
WHERE c.detector = 'account' AND c.alias = 'challenger' AND v.detector = 'account' AND v.alias = 'champion';
INSERT INTO botdet.job (kind, detector, reason, state, phase, progress)
VALUES ('update', 'account', 'labels', 'running', 'reading labels', 0.4);

-- What is scored without being stored is counted, too.
SELECT count(*) FROM botdet_score_batch(ARRAY(SELECT account_id FROM botdet.account LIMIT 50));
SELECT botdet_request_retraining('account', 'for the dashboards');
