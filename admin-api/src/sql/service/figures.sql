-- Family, kind, what the name has behind the family (of a histogram), labels as an object of texts, value: what the database says of
-- itself, for Prometheus.
SELECT 'botdet_serving_version_info' AS family, 'gauge' AS kind, '' AS suffix,
       jsonb_build_object('detector', d.detector, 'alias', d.alias, 'version', v.version) AS labels, 1::double precision AS value
FROM botdet.deployment d JOIN botdet.model_version v ON v.model_version_id = d.model_version_id
UNION ALL
SELECT 'botdet_serving_' || m.name, 'gauge', '', jsonb_build_object('detector', p.detector, 'alias', p.alias), m.value
FROM botdet.version_performance p
CROSS JOIN LATERAL (VALUES ('accuracy', p.accuracy), ('precision', p."precision"), ('recall', p.recall), ('f1', p.f1),
                           ('labels', p.labels::double precision)) AS m (name, value)
WHERE p.alias IS NOT NULL
UNION ALL
-- Only what is rolled up: it grows and never shrinks, while latest scores are overwritten.
SELECT 'botdet_scores_total', 'counter', '', jsonb_build_object('detector', r.detector, 'stage', r.stage, 'status', m.status), m.value
FROM (
    SELECT s.detector, s.stage, sum(s.bots)::double precision AS bots, sum(s.scores - s.bots)::double precision AS others
    FROM botdet.score_rollup s GROUP BY s.detector, s.stage
) AS r
CROSS JOIN LATERAL (VALUES ('bot', CASE WHEN r.stage <> 'failed' THEN r.bots END),
                           (CASE r.stage WHEN 'failed' THEN 'unknown' ELSE 'human' END, r.others)) AS m (status, value)
UNION ALL
SELECT 'botdet_scoring_rows_total', 'counter', '',
       jsonb_build_object('detector', s.detector, 'version', coalesce(s.version, 'rules'), 'stage', m.stage), m.value
FROM botdet.stat_models s
CROSS JOIN LATERAL (VALUES ('rules', s.rules_rows::double precision), ('filter', s.filter_rows), ('trees', s.trees_rows),
                           ('sequence', s.sequence_rows)) AS m (stage, value)
UNION ALL
SELECT 'botdet_scoring_' || m.name || '_total', 'counter', '',
       jsonb_build_object('detector', s.detector, 'version', coalesce(s.version, 'rules')), m.value
FROM botdet.stat_models s
CROSS JOIN LATERAL (VALUES ('errors', s.errors::double precision), ('timeouts', s.timeouts)) AS m (name, value)
UNION ALL
SELECT 'botdet_scoring_duration_seconds', 'histogram', '_bucket',
       jsonb_build_object('detector', l.detector, 'version', coalesce(l.version, 'rules'),
                          'le', CASE l.up_to_ms WHEN 'Infinity' THEN '+Inf' ELSE (l.up_to_ms / 1000)::text END),
       l.calls
FROM botdet.stat_model_latency l
UNION ALL
SELECT 'botdet_scoring_duration_seconds', 'histogram', m.suffix,
       jsonb_build_object('detector', s.detector, 'version', coalesce(s.version, 'rules')), m.value
FROM botdet.stat_models s
CROSS JOIN LATERAL (VALUES ('_sum', s.total_ms / 1000), ('_count', s.calls - s.errors)) AS m (suffix, value)
UNION ALL
SELECT 'botdet_prediction_drift_psi', 'gauge', '', jsonb_build_object('detector', p.detector), p.psi
FROM botdet.prediction_drift p
WHERE p.alias = 'champion' AND p.slice_by = 'all'
    AND p.day = (SELECT max(q.day) FROM botdet.prediction_drift q WHERE q.alias = 'champion' AND q.detector = p.detector AND q.slice_by = 'all')
UNION ALL
SELECT 'botdet_feature_drift_psi', 'gauge', '', jsonb_build_object('detector', f.detector, 'feature', f.feature), f.psi
FROM botdet.feature_drift f
WHERE f.alias = 'champion' AND f.slice_by = 'all'
    AND f.day = (SELECT max(q.day) FROM botdet.drift_score q JOIN botdet.deployment d ON d.model_version_id = q.model_version_id
                 WHERE d.alias = 'champion' AND d.detector = f.detector AND q.slice_by = 'all')
UNION ALL
SELECT 'botdet_alerts', 'gauge', '', jsonb_build_object('detector', d.detector), count(a.alert_id)
FROM botdet.detector d LEFT JOIN botdet.alert a ON a.detector = d.detector AND a.cleared_at IS NULL
GROUP BY d.detector
UNION ALL
SELECT 'botdet_queue_' || m.name, 'gauge', '', jsonb_build_object('detector', q.detector, 'queue', 'scores'), m.value
FROM botdet.queue_status q
CROSS JOIN LATERAL (VALUES ('length', q.rows_waiting::double precision),
                           ('oldest_seconds', coalesce(extract(epoch FROM q.oldest_age), 0)::double precision)) AS m (name, value)
UNION ALL
SELECT 'botdet_queue_' || m.name, 'gauge', '', jsonb_build_object('detector', r.detector, 'queue', 'reviews'), m.value
FROM (
    SELECT d.detector, coalesce(sum(s.waiting), 0)::double precision AS waiting,
           coalesce(extract(epoch FROM max(s.oldest_age)), 0)::double precision AS oldest
    FROM botdet.detector d LEFT JOIN botdet.review_status s ON s.detector = d.detector
    GROUP BY d.detector
) AS r
CROSS JOIN LATERAL (VALUES ('length', r.waiting), ('oldest_seconds', r.oldest)) AS m (name, value)
UNION ALL
SELECT 'botdet_retraining_' || m.name, 'gauge', '', jsonb_build_object('detector', r.detector), m.value
FROM botdet.retraining_due r
CROSS JOIN LATERAL (VALUES ('due', (r.due_by IS NOT NULL)::integer::double precision),
                           ('new_labels', r.new_labels::double precision),
                           ('last_timestamp_seconds', extract(epoch FROM r.last_trained_at)::double precision)) AS m (name, value)
UNION ALL
SELECT 'botdet_jobs', 'gauge', '', jsonb_build_object('detector', d.detector, 'state', s.state), count(j.job_id)
FROM botdet.detector d
CROSS JOIN (VALUES ('waiting'), ('running'), ('done'), ('failed'), ('cancelled')) AS s (state)
LEFT JOIN botdet.job j ON j.detector = d.detector AND j.state = s.state
GROUP BY d.detector, s.state
UNION ALL
SELECT 'botdet_job_progress', 'gauge', '', jsonb_build_object('detector', j.detector, 'kind', j.kind), j.progress
FROM botdet.job j WHERE j.state = 'running'
UNION ALL
SELECT 'botdet_trials', 'gauge', '', jsonb_build_object('detector', t.detector, 'state', t.state), count(*)
FROM botdet.trial t GROUP BY t.detector, t.state
UNION ALL
SELECT 'botdet_database_' || m.name, m.kind, '', m.labels, m.value
FROM pg_stat_database s
CROSS JOIN LATERAL (VALUES ('connections', 'gauge', jsonb '{}', s.numbackends::double precision),
                           ('connections_limit', 'gauge', '{}', current_setting('max_connections')::double precision),
                           ('size_bytes', 'gauge', '{}', pg_database_size(s.datid)),
                           ('transactions_total', 'counter', '{"outcome": "committed"}', s.xact_commit),
                           ('transactions_total', 'counter', '{"outcome": "rolled back"}', s.xact_rollback),
                           ('deadlocks_total', 'counter', '{}', s.deadlocks)) AS m (name, kind, labels, value)
WHERE s.datname = current_database()
ORDER BY 1, 3, 4
