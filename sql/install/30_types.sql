-- The features, in the catalogue's order.
CREATE TYPE botdet.account_features AS (
    posting_cadence          double precision,
    posting_cadence_std      double precision,
    burst_score              double precision,
    circadian_entropy        double precision,
    active_hours             double precision,
    action_diversity         double precision,
    typo_rate                double precision,
    session_duration_mean    double precision,
    session_duration_std     double precision,
    device_diversity         double precision,
    content_length_mean      double precision,
    content_length_std       double precision,
    content_length_variance  double precision,
    duplicate_rate           double precision,
    content_diversity        double precision,
    follower_following_ratio double precision,
    account_age_days         double precision,
    is_verified              double precision,
    profile_completeness     double precision,
    followers                double precision,
    following                double precision
);
COMMENT ON TYPE botdet.account_features IS
    'features of an account; NULL means missing. botdet.feature_catalog says what each one is';

CREATE TYPE botdet.score_result AS (
    account_id      bigint,
    bot_probability double precision,
    is_bot          boolean,
    confidence      double precision,
    confidence_low  double precision,
    confidence_high double precision,
    anomaly_score   double precision,
    is_anomaly      boolean,
    stage           text,
    model_version   text,
    reasons         text[],
    scored_at       timestamptz
);
COMMENT ON TYPE botdet.score_result IS 'a score; the columns mean what those of botdet.score do';

CREATE TYPE botdet.anomaly_result AS (
    account_id    bigint,
    anomaly_score double precision,
    is_anomaly    boolean,
    outstanding   text[],
    model_version text
);
COMMENT ON TYPE botdet.anomaly_result IS
    'how unusual an account is, with the features that stand out most and their distance in standard deviations';
