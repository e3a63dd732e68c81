-- $1 text: detector.
SELECT jsonb_build_object(
    'detector', d.detector,
    'scoring', jsonb_build_object(
        'threshold', d.threshold, 'automatic_threshold', d.automatic_threshold, 'base_rate', d.base_rate, 'insert_mode', d.insert_mode
    ),
    'learning', (SELECT to_jsonb(l) - 'detector' FROM botdet.learning_settings l WHERE l.detector = d.detector),
    'feedback', (SELECT to_jsonb(f) - 'detector' FROM botdet.feedback_settings f WHERE f.detector = d.detector),
    'drift', (SELECT to_jsonb(s) - 'detector' FROM botdet.drift_settings s WHERE s.detector = d.detector),
    'watch', (SELECT to_jsonb(w) - 'detector' FROM botdet.watch w WHERE w.detector = d.detector),
    'alert_rules', (
        SELECT coalesce(jsonb_agg(to_jsonb(r) - 'detector' ORDER BY r.measure, r.slice_by), '[]')
        FROM botdet.drift_alert_rule r WHERE r.detector = d.detector
    )
)
FROM botdet.detector d
WHERE d.detector = $1
