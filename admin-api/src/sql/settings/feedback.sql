-- $1 text: detector. $2 jsonb: all that differs from the defaults.
INSERT INTO botdet.feedback_setting
SELECT (jsonb_populate_record(NULL::botdet.feedback_setting, $2 || jsonb_build_object('detector', $1::text))).*
ON CONFLICT (detector) DO UPDATE SET
    exploration_share = excluded.exploration_share,
    uncertain_share = excluded.uncertain_share,
    golden_share = excluded.golden_share,
    second_review_share = excluded.second_review_share,
    least_trust = excluded.least_trust,
    retrain_labels = excluded.retrain_labels,
    retrain_interval = excluded.retrain_interval,
    least_retrain_labels = excluded.least_retrain_labels
