SELECT to_jsonb(r) FROM (
    SELECT detector, last_trained_at, new_labels, new_bots, retrain_labels,
           extract(epoch FROM retrain_interval)::double precision AS retrain_seconds, requested_by, due_by
    FROM botdet.retraining_due ORDER BY detector
) AS r
