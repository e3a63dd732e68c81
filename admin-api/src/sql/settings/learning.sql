-- $1 text: detector. $2 jsonb: all that differs from the defaults.
INSERT INTO botdet.learning_setting
SELECT (jsonb_populate_record(NULL::botdet.learning_setting, $2 || jsonb_build_object('detector', $1::text))).*
ON CONFLICT (detector) DO UPDATE SET
    retrains = excluded.retrains,
    promotes = excluded.promotes,
    update_labels = excluded.update_labels,
    margin = excluded.margin,
    shadow_accounts = excluded.shadow_accounts,
    shadow_interval = excluded.shadow_interval,
    most_flagged_ratio = excluded.most_flagged_ratio,
    probation_interval = excluded.probation_interval,
    parameters = excluded.parameters
