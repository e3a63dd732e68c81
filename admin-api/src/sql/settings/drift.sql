-- $1 text: detector. $2 jsonb: all that differs from the defaults.
INSERT INTO botdet.drift_setting
SELECT (jsonb_populate_record(NULL::botdet.drift_setting, $2 || jsonb_build_object('detector', $1::text))).*
ON CONFLICT (detector) DO UPDATE SET
    sample = excluded.sample,
    least_rows = excluded.least_rows
