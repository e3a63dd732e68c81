-- Name, labels as an object of texts, value: what the database says of itself, for Prometheus.
SELECT 'botdet_serving_version_info' AS name,
       jsonb_build_object('detector', d.detector, 'alias', d.alias, 'version', v.version) AS labels, 1::double precision AS value
FROM botdet.deployment d JOIN botdet.model_version v ON v.model_version_id = d.model_version_id
UNION ALL
SELECT 'botdet_serving_' || m.name, jsonb_build_object('detector', p.detector, 'alias', p.alias), m.value
FROM botdet.version_performance p
CROSS JOIN LATERAL (VALUES ('accuracy', p.accuracy), ('precision', p."precision"), ('recall', p.recall), ('f1', p.f1),
                           ('labels', p.labels::double precision)) AS m (name, value)
WHERE p.alias IS NOT NULL
UNION ALL
SELECT 'botdet_prediction_drift_psi', jsonb_build_object('detector', p.detector), p.psi
FROM botdet.prediction_drift p
WHERE p.alias = 'champion' AND p.slice_by = 'all'
    AND p.day = (SELECT max(q.day) FROM botdet.prediction_drift q WHERE q.alias = 'champion' AND q.detector = p.detector AND q.slice_by = 'all')
UNION ALL
SELECT 'botdet_feature_drift_psi', jsonb_build_object('detector', f.detector, 'feature', f.feature), f.psi
FROM botdet.feature_drift f
WHERE f.alias = 'champion' AND f.slice_by = 'all'
    AND f.day = (SELECT max(q.day) FROM botdet.drift_score q JOIN botdet.deployment d ON d.model_version_id = q.model_version_id
                 WHERE d.alias = 'champion' AND d.detector = f.detector AND q.slice_by = 'all')
UNION ALL
SELECT 'botdet_alerts', jsonb_build_object('detector', d.detector), count(a.alert_id)::double precision
FROM botdet.detector d LEFT JOIN botdet.alert a ON a.detector = d.detector AND a.cleared_at IS NULL
GROUP BY d.detector
UNION ALL
SELECT 'botdet_queue_length', jsonb_build_object('detector', q.detector, 'queue', 'scores'), q.rows_waiting::double precision
FROM botdet.queue_status q
UNION ALL
SELECT 'botdet_queue_length', jsonb_build_object('detector', d.detector, 'queue', 'reviews'), coalesce(sum(s.waiting), 0)::double precision
FROM botdet.detector d LEFT JOIN botdet.review_status s ON s.detector = d.detector
GROUP BY d.detector
UNION ALL
SELECT 'botdet_retraining_' || m.name, jsonb_build_object('detector', r.detector), m.value
FROM botdet.retraining_due r
CROSS JOIN LATERAL (VALUES ('due', (r.due_by IS NOT NULL)::integer::double precision),
                           ('new_labels', r.new_labels::double precision)) AS m (name, value)
ORDER BY 1, 2
