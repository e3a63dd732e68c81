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
    following                double precision,
    gap_p10                  double precision,
    gap_median               double precision,
    gap_p90                  double precision,
    gap_cv                   double precision,
    gap_entropy              double precision,
    autocorrelation_1h       double precision,
    autocorrelation_24h      double precision,
    night_share              double precision,
    weekend_share            double precision,
    trend                    double precision,
    longest_silence          double precision,
    ip_diversity             double precision,
    target_diversity         double precision,
    country_diversity        double precision,
    event_count              double precision,
    url_diversity            double precision,
    link_rate                double precision,
    mention_rate             double precision,
    capital_share            double precision,
    emoji_rate               double precision,
    template_rate            double precision,
    copied_rate              double precision,
    copy_accounts            double precision,
    shared_device_degree     double precision,
    shared_ip_degree         double precision,
    lockstep_score           double precision,
    lockstep_accounts        double precision
);
COMMENT ON TYPE botdet.account_features IS
    'features of an account; NULL means missing. botdet.feature_catalog says what each one is';

COMMENT ON COLUMN botdet.account_features.posting_cadence IS
    'mean gap between consecutive publications (post, comment, repost, share), s; NULL: fewer than two publications';
COMMENT ON COLUMN botdet.account_features.posting_cadence_std IS
    'population standard deviation of the gaps between publications, s; NULL: fewer than two publications';
COMMENT ON COLUMN botdet.account_features.burst_score IS
    '1 - events per active clock hour / events in the busiest clock hour: 0 even, towards 1 one burst; NULL: no events';
COMMENT ON COLUMN botdet.account_features.circadian_entropy IS
    'entropy of the hour-of-day histogram (UTC) over ln 24: 1 is the same at every hour; NULL: no events';
COMMENT ON COLUMN botdet.account_features.active_hours IS
    'hours of the day (UTC) with activity, h; NULL: no events';
COMMENT ON COLUMN botdet.account_features.action_diversity IS
    'entropy of the kinds of action, nat; NULL: no events';
COMMENT ON COLUMN botdet.account_features.typo_rate IS
    'share of texts with a listed misspelling, a letter three times in a row or a word twice in a row; NULL: no texts';
COMMENT ON COLUMN botdet.account_features.session_duration_mean IS
    'mean time from first to last event of a session; a session ends after 30 minutes of silence, s; NULL: no events';
COMMENT ON COLUMN botdet.account_features.session_duration_std IS
    'population standard deviation of the session durations, s; NULL: no events';
COMMENT ON COLUMN botdet.account_features.device_diversity IS
    'distinct devices, exact up to 23, estimated beyond; NULL: no event has a device';
COMMENT ON COLUMN botdet.account_features.content_length_mean IS
    'mean length of a text, characters; NULL: no texts';
COMMENT ON COLUMN botdet.account_features.content_length_std IS
    'population standard deviation of the length of texts, characters; NULL: no texts';
COMMENT ON COLUMN botdet.account_features.content_length_variance IS
    'population variance of the length of texts, characters^2; NULL: no texts';
COMMENT ON COLUMN botdet.account_features.duplicate_rate IS
    'share of texts that equal or nearly equal one of the account''s 32 texts before; NULL: no texts';
COMMENT ON COLUMN botdet.account_features.content_diversity IS
    'entropy of the words over 64 buckets of their hash, nat; NULL: no words';
COMMENT ON COLUMN botdet.account_features.follower_following_ratio IS
    'followers / following, at least one following assumed; NULL: followers or following not known';
COMMENT ON COLUMN botdet.account_features.account_age_days IS
    'age of the account at its newest event, d; NULL: creation time not known, or no events';
COMMENT ON COLUMN botdet.account_features.is_verified IS
    '1 when the service has verified who is behind the account; NULL: not known';
COMMENT ON COLUMN botdet.account_features.profile_completeness IS
    'share of the known profile parts (display name, description, location, website, avatar) that are filled in; NULL: no part known';
COMMENT ON COLUMN botdet.account_features.followers IS
    'accounts that follow this one; NULL: not known';
COMMENT ON COLUMN botdet.account_features.following IS
    'accounts this one follows; NULL: not known';
COMMENT ON COLUMN botdet.account_features.gap_p10 IS
    'gap that a tenth of those between events are below, to a factor of 2: even in ln(1 + gap) within a bin, s; NULL: fewer than three events';
COMMENT ON COLUMN botdet.account_features.gap_median IS
    'median gap between events, to a factor of 2: even in ln(1 + gap) within a bin, s; NULL: fewer than three events';
COMMENT ON COLUMN botdet.account_features.gap_p90 IS
    'gap that nine tenths of those between events are below, to a factor of 2: even in ln(1 + gap) within a bin, s; NULL: fewer than three events';
COMMENT ON COLUMN botdet.account_features.gap_cv IS
    'standard deviation of the gaps between events over their mean: 0 a clockwork, 1 chance, above it bursts; NULL: fewer than three events, or all at one instant';
COMMENT ON COLUMN botdet.account_features.gap_entropy IS
    'entropy of the gaps between events over 24 bins of their logarithm, over the most that so many can have, ln(min(gaps, 24)): 0 all in one bin; NULL: fewer than three events';
COMMENT ON COLUMN botdet.account_features.autocorrelation_1h IS
    'autocorrelation of the events by clock hour, from first to last event, at a lag of one hour; NULL: fewer than 3 hours, or as many events in each';
COMMENT ON COLUMN botdet.account_features.autocorrelation_24h IS
    'autocorrelation of the events by clock hour, from first to last event, at a lag of 24 hours: towards 1 each day as the one before; NULL: fewer than 48 hours, or as many events in each';
COMMENT ON COLUMN botdet.account_features.night_share IS
    'share of events in the account''s own night: its quietest six hours of the day in a row; NULL: fewer than ten events';
COMMENT ON COLUMN botdet.account_features.weekend_share IS
    'share of events on Saturdays and Sundays, UTC; NULL: no events';
COMMENT ON COLUMN botdet.account_features.trend IS
    'where between first and last event the mean of all times lies: -1 near the first, 0 evenly spread, 1 near the last; NULL: fewer than three events, or all at one instant';
COMMENT ON COLUMN botdet.account_features.longest_silence IS
    'longest gap between two events, whole seconds, s; NULL: fewer than two events';
COMMENT ON COLUMN botdet.account_features.ip_diversity IS
    'distinct addresses, estimated (linear counting), at most 710; NULL: no event has an address';
COMMENT ON COLUMN botdet.account_features.target_diversity IS
    'distinct targets, estimated (linear counting), at most 710; NULL: no event has a target';
COMMENT ON COLUMN botdet.account_features.country_diversity IS
    'distinct countries, estimated (linear counting); NULL: no event has a country';
COMMENT ON COLUMN botdet.account_features.event_count IS
    'events observed; NULL: no events';
COMMENT ON COLUMN botdet.account_features.url_diversity IS
    'distinct hosts that texts link to, of each text the first, estimated (linear counting), at most 710; 0 without links; NULL: no texts';
COMMENT ON COLUMN botdet.account_features.link_rate IS
    'share of texts with a link; NULL: no texts';
COMMENT ON COLUMN botdet.account_features.mention_rate IS
    'mentions per text; NULL: no texts';
COMMENT ON COLUMN botdet.account_features.capital_share IS
    'share of upper case among letters that have case, links and mentions left out; NULL: no such letters';
COMMENT ON COLUMN botdet.account_features.emoji_rate IS
    'emoji per text; NULL: no texts';
COMMENT ON COLUMN botdet.account_features.template_rate IS
    'share of texts that have the words of one of the account''s 16 texts before, in order, with links, mentions and numbers masked; NULL: no texts';
COMMENT ON COLUMN botdet.account_features.copied_rate IS
    'share of texts that nearly equal a text another account was the first to use; NULL: accounts not compared, or no text with enough words';
COMMENT ON COLUMN botdet.account_features.copy_accounts IS
    'other accounts that use nearly the same texts; NULL: accounts not compared, or no text with enough words';
COMMENT ON COLUMN botdet.account_features.shared_device_degree IS
    'other accounts on the most widely shared of its devices; NULL: accounts not compared, or no event has a device';
COMMENT ON COLUMN botdet.account_features.shared_ip_degree IS
    'other accounts on the most widely shared of its addresses; NULL: accounts not compared, or no event has an address';
COMMENT ON COLUMN botdet.account_features.lockstep_score IS
    'strongest similarity with another account in what was done to which targets at the same time; NULL: accounts not compared';
COMMENT ON COLUMN botdet.account_features.lockstep_accounts IS
    'other accounts of the group it acts in lockstep with; 0 in no group; NULL: accounts not compared';

CREATE TYPE botdet.score_result AS (
    account_id      bigint,
    bot_probability double precision,
    is_bot          boolean,
    action          text,
    confidence      double precision,
    probability_low  double precision,
    probability_high double precision,
    anomaly_score   double precision,
    is_anomaly      boolean,
    events          bigint,
    stage           text,
    model_version   text,
    reasons         text[],
    scored_at       timestamptz
);
COMMENT ON TYPE botdet.score_result IS 'a score; the columns mean what those of botdet.score do';

COMMENT ON COLUMN botdet.score_result.account_id IS 'who was scored; NULL for a score from features or a state, and for a key that nobody has';
COMMENT ON COLUMN botdet.score_result.bot_probability IS 'probability of being a bot, 0 to 1; NULL for an unknown account';
COMMENT ON COLUMN botdet.score_result.is_bot IS 'whether the probability reaches the threshold';
COMMENT ON COLUMN botdet.score_result.action IS
    'what the thresholds ask for: none, review by a person, or automatic: what is done to bots may be done at once';
COMMENT ON COLUMN botdet.score_result.confidence IS 'probability of the answer that is_bot gives';
COMMENT ON COLUMN botdet.score_result.probability_low IS 'lower end of the 95 % interval of bot_probability; NULL for rules';
COMMENT ON COLUMN botdet.score_result.probability_high IS 'upper end of the 95 % interval of bot_probability; NULL for rules';
COMMENT ON COLUMN botdet.score_result.anomaly_score IS 'share of the training accounts or rows that are less unusual, 0 to 1; NULL without an anomaly model';
COMMENT ON COLUMN botdet.score_result.is_anomaly IS 'whether it is more unusual than the contamination allows';
COMMENT ON COLUMN botdet.score_result.events IS 'events that the score rests on; NULL for a score from features without event_count';
COMMENT ON COLUMN botdet.score_result.stage IS 'what decided: rules, filter, trees, sequence; none for an unknown account';
COMMENT ON COLUMN botdet.score_result.model_version IS 'version that answered; NULL for rules';
COMMENT ON COLUMN botdet.score_result.reasons IS 'what speaks most for the answer, then what speaks most against it, with the log-odds each adds';
COMMENT ON COLUMN botdet.score_result.scored_at IS 'start of the transaction that scored';

CREATE TYPE botdet.scored_account AS (
    account_id      bigint,
    bot_probability double precision,
    is_bot          boolean,
    action          text,
    confidence      double precision,
    probability_low  double precision,
    probability_high double precision,
    anomaly_score   double precision,
    is_anomaly      boolean,
    events          bigint,
    stage           text,
    model_version   text,
    reasons         text[],
    scored_at       timestamptz,
    shadow_version  text,
    shadow_probability double precision,
    shadow_is_bot   boolean,
    shadow_stage    text,
    shadow_failure  text
);
COMMENT ON TYPE botdet.scored_account IS 'a score with what the version in shadow says: the columns of botdet.score_result, then those of botdet.shadow_score';
COMMENT ON COLUMN botdet.scored_account.account_id IS 'who was scored; NULL for a score from features or a state, and for a key that nobody has';
COMMENT ON COLUMN botdet.scored_account.bot_probability IS 'probability of being a bot, 0 to 1; NULL for an unknown account';
COMMENT ON COLUMN botdet.scored_account.is_bot IS 'whether the probability reaches the threshold';
COMMENT ON COLUMN botdet.scored_account.action IS
    'what the thresholds ask for: none, review by a person, or automatic: what is done to bots may be done at once';
COMMENT ON COLUMN botdet.scored_account.confidence IS 'probability of the answer that is_bot gives';
COMMENT ON COLUMN botdet.scored_account.probability_low IS 'lower end of the 95 % interval of bot_probability; NULL for rules';
COMMENT ON COLUMN botdet.scored_account.probability_high IS 'upper end of the 95 % interval of bot_probability; NULL for rules';
COMMENT ON COLUMN botdet.scored_account.anomaly_score IS 'share of the training accounts or rows that are less unusual, 0 to 1; NULL without an anomaly model';
COMMENT ON COLUMN botdet.scored_account.is_anomaly IS 'whether it is more unusual than the contamination allows';
COMMENT ON COLUMN botdet.scored_account.events IS 'events that the score rests on; NULL for a score from features without event_count';
COMMENT ON COLUMN botdet.scored_account.stage IS 'what decided: rules, filter, trees, sequence; none for an unknown account';
COMMENT ON COLUMN botdet.scored_account.model_version IS 'version that answered; NULL for rules';
COMMENT ON COLUMN botdet.scored_account.reasons IS 'what speaks most for the answer, then what speaks most against it, with the log-odds each adds';
COMMENT ON COLUMN botdet.scored_account.scored_at IS 'start of the transaction that scored';
COMMENT ON COLUMN botdet.scored_account.shadow_version IS 'the version in shadow; NULL when none is';
COMMENT ON COLUMN botdet.scored_account.shadow_probability IS 'probability of being a bot by that version; NULL when it failed';
COMMENT ON COLUMN botdet.scored_account.shadow_is_bot IS 'whether that reaches the threshold';
COMMENT ON COLUMN botdet.scored_account.shadow_stage IS 'what decided in that version';
COMMENT ON COLUMN botdet.scored_account.shadow_failure IS 'why that version has no score; NULL when it has';

CREATE TYPE botdet.anomaly_result AS (
    account_id    bigint,
    anomaly_score double precision,
    is_anomaly    boolean,
    outstanding   text[],
    model_version text
);
COMMENT ON TYPE botdet.anomaly_result IS
    'how unusual an account or row is, with the values that stand out most and their distance in standard deviations';
COMMENT ON COLUMN botdet.anomaly_result.account_id IS 'whose anomaly; NULL for a key that nobody has';
COMMENT ON COLUMN botdet.anomaly_result.anomaly_score IS 'share of the training accounts or rows that are less unusual, 0 to 1; NULL for an unknown account';
COMMENT ON COLUMN botdet.anomaly_result.is_anomaly IS 'whether it is more unusual than the contamination allows';
COMMENT ON COLUMN botdet.anomaly_result.outstanding IS 'values farthest from the mean of the training rows, or from what the other values of the row make one expect, with that distance in standard deviations';
COMMENT ON COLUMN botdet.anomaly_result.model_version IS 'version that answered';
