-- $1 text: detector. $2 jsonb: all that differs from the defaults.
UPDATE botdet.detector d SET
    threshold = s.threshold,
    automatic_threshold = s.automatic_threshold,
    base_rate = s.base_rate,
    insert_mode = coalesce(s.insert_mode, 'inline')
FROM jsonb_populate_record(NULL::botdet.detector, $2) AS s
WHERE d.detector = $1
