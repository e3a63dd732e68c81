SELECT to_jsonb(d) FROM (
    SELECT detector, description, threshold, automatic_threshold, base_rate, insert_mode, needs_approval
    FROM botdet.detector ORDER BY detector
) AS d
