-- The features of an engagement series, in the catalogue's order.
CREATE TYPE botdet.engagement_features AS (
    coverage                   double precision,
    views_dispersion           double precision,
    views_entropy              double precision,
    views_peak_1h              double precision,
    views_peak_6h              double precision,
    views_peak_24h             double precision,
    views_window_strength      double precision,
    views_mismatch             double precision,
    views_window_share         double precision,
    likes_dispersion           double precision,
    likes_entropy              double precision,
    likes_peak_1h              double precision,
    likes_peak_6h              double precision,
    likes_peak_24h             double precision,
    likes_window_strength      double precision,
    likes_mismatch             double precision,
    likes_window_share         double precision,
    comments_dispersion        double precision,
    comments_entropy           double precision,
    comments_peak_1h           double precision,
    comments_peak_6h           double precision,
    comments_peak_24h          double precision,
    comments_window_strength   double precision,
    comments_mismatch          double precision,
    comments_window_share      double precision,
    shares_dispersion          double precision,
    shares_entropy             double precision,
    shares_peak_1h             double precision,
    shares_peak_6h             double precision,
    shares_peak_24h            double precision,
    shares_window_strength     double precision,
    shares_mismatch            double precision,
    shares_window_share        double precision,
    views_autocorrelation_1h   double precision,
    views_autocorrelation_24h  double precision,
    views_autocorrelation_168h double precision,
    likes_autocorrelation_1h   double precision,
    likes_autocorrelation_24h  double precision,
    views_persistence          double precision,
    likes_persistence          double precision,
    growth                     double precision,
    like_rate                  double precision,
    comment_rate               double precision,
    share_rate                 double precision,
    like_rate_spread           double precision,
    comment_rate_spread        double precision,
    share_rate_spread          double precision,
    views_likes_correlation    double precision,
    views_comments_correlation double precision,
    views_shares_correlation   double precision,
    likes_comments_correlation double precision,
    burst_hours                double precision,
    night_excess               double precision,
    weekend_excess             double precision,
    episodes_per_week          double precision,
    episode_share              double precision,
    organic_episodes_per_week  double precision,
    episode_strength           double precision,
    episode_ratio              double precision,
    episode_length             double precision,
    episode_metrics            double precision,
    episode_mismatch           double precision,
    episode_breadth            double precision,
    episode_decay              double precision,
    episode_tail               double precision,
    episode_ramp               double precision,
    episode_waves              double precision,
    episode_night              double precision,
    episode_weekend            double precision,
    episode_organic            double precision,
    short_episodes             double precision,
    night_episodes             double precision,
    irregularity               double precision,
    likeness                   double precision,
    suspicion                  double precision
);
COMMENT ON TYPE botdet.engagement_features IS 'features of hourly engagement, free of scale; NULL is missing. botdet_engagement_feature_catalog() says what each means';
COMMENT ON COLUMN botdet.engagement_features.coverage IS 'share of the hours from the first to the last that are known, 0..1';
COMMENT ON COLUMN botdet.engagement_features.views_dispersion IS 'ln of the extra variance of views around their season, in squares of what is expected';
COMMENT ON COLUMN botdet.engagement_features.views_entropy IS 'entropy of views over the hours of the day (UTC) over ln 24, 0..1';
COMMENT ON COLUMN botdet.engagement_features.views_peak_1h IS 'ln of the largest excess of views in an hour: (observed + 1) / (expected + 1)';
COMMENT ON COLUMN botdet.engagement_features.views_peak_6h IS 'the same for the sum of six hours';
COMMENT ON COLUMN botdet.engagement_features.views_peak_24h IS 'the same for the sum of 24 hours';
COMMENT ON COLUMN botdet.engagement_features.views_window_strength IS 'strength of the strongest window of views against their season, sd';
COMMENT ON COLUMN botdet.engagement_features.views_mismatch IS 'strength of the strongest window of views against season and other metrics, sd';
COMMENT ON COLUMN botdet.engagement_features.views_window_share IS 'share of the hours that lie in windows of views, 0..1';
COMMENT ON COLUMN botdet.engagement_features.likes_dispersion IS 'ln of the extra variance of likes around their season';
COMMENT ON COLUMN botdet.engagement_features.likes_entropy IS 'entropy of likes over the hours of the day over ln 24, 0..1';
COMMENT ON COLUMN botdet.engagement_features.likes_peak_1h IS 'ln of the largest excess of likes in an hour';
COMMENT ON COLUMN botdet.engagement_features.likes_peak_6h IS 'the same for the sum of six hours';
COMMENT ON COLUMN botdet.engagement_features.likes_peak_24h IS 'the same for the sum of 24 hours';
COMMENT ON COLUMN botdet.engagement_features.likes_window_strength IS 'strength of the strongest window of likes against their season, sd';
COMMENT ON COLUMN botdet.engagement_features.likes_mismatch IS 'strength of the strongest window of likes against season and other metrics, sd';
COMMENT ON COLUMN botdet.engagement_features.likes_window_share IS 'share of the hours that lie in windows of likes, 0..1';
COMMENT ON COLUMN botdet.engagement_features.comments_dispersion IS 'ln of the extra variance of comments around their season';
COMMENT ON COLUMN botdet.engagement_features.comments_entropy IS 'entropy of comments over the hours of the day over ln 24, 0..1';
COMMENT ON COLUMN botdet.engagement_features.comments_peak_1h IS 'ln of the largest excess of comments in an hour';
COMMENT ON COLUMN botdet.engagement_features.comments_peak_6h IS 'the same for the sum of six hours';
COMMENT ON COLUMN botdet.engagement_features.comments_peak_24h IS 'the same for the sum of 24 hours';
COMMENT ON COLUMN botdet.engagement_features.comments_window_strength IS 'strength of the strongest window of comments against their season, sd';
COMMENT ON COLUMN botdet.engagement_features.comments_mismatch IS 'strength of the strongest window of comments against season and other metrics, sd';
COMMENT ON COLUMN botdet.engagement_features.comments_window_share IS 'share of the hours that lie in windows of comments, 0..1';
COMMENT ON COLUMN botdet.engagement_features.shares_dispersion IS 'ln of the extra variance of shares around their season';
COMMENT ON COLUMN botdet.engagement_features.shares_entropy IS 'entropy of shares over the hours of the day over ln 24, 0..1';
COMMENT ON COLUMN botdet.engagement_features.shares_peak_1h IS 'ln of the largest excess of shares in an hour';
COMMENT ON COLUMN botdet.engagement_features.shares_peak_6h IS 'the same for the sum of six hours';
COMMENT ON COLUMN botdet.engagement_features.shares_peak_24h IS 'the same for the sum of 24 hours';
COMMENT ON COLUMN botdet.engagement_features.shares_window_strength IS 'strength of the strongest window of shares against their season, sd';
COMMENT ON COLUMN botdet.engagement_features.shares_mismatch IS 'strength of the strongest window of shares against season and other metrics, sd';
COMMENT ON COLUMN botdet.engagement_features.shares_window_share IS 'share of the hours that lie in windows of shares, 0..1';
COMMENT ON COLUMN botdet.engagement_features.views_autocorrelation_1h IS 'correlation of ln(1 + views) with the hour before, -1..1';
COMMENT ON COLUMN botdet.engagement_features.views_autocorrelation_24h IS 'correlation of ln(1 + views) with the same hour a day before, -1..1';
COMMENT ON COLUMN botdet.engagement_features.views_autocorrelation_168h IS 'correlation of ln(1 + views) with the same hour a week before, -1..1';
COMMENT ON COLUMN botdet.engagement_features.likes_autocorrelation_1h IS 'correlation of ln(1 + likes) with the hour before, -1..1';
COMMENT ON COLUMN botdet.engagement_features.likes_autocorrelation_24h IS 'correlation of ln(1 + likes) with the same hour a day before, -1..1';
COMMENT ON COLUMN botdet.engagement_features.views_persistence IS 'correlation of what is unusual about views with the hour before, 0..1';
COMMENT ON COLUMN botdet.engagement_features.likes_persistence IS 'correlation of what is unusual about likes with the hour before, 0..1';
COMMENT ON COLUMN botdet.engagement_features.growth IS 'ln of the growth over a week that most days show';
COMMENT ON COLUMN botdet.engagement_features.like_rate IS 'ln of likes per view';
COMMENT ON COLUMN botdet.engagement_features.comment_rate IS 'ln of comments per view';
COMMENT ON COLUMN botdet.engagement_features.share_rate IS 'ln of shares per view';
COMMENT ON COLUMN botdet.engagement_features.like_rate_spread IS 'standard deviation of ln likes per view over six-hour parts';
COMMENT ON COLUMN botdet.engagement_features.comment_rate_spread IS 'standard deviation of ln comments per view over six-hour parts';
COMMENT ON COLUMN botdet.engagement_features.share_rate_spread IS 'standard deviation of ln shares per view over six-hour parts';
COMMENT ON COLUMN botdet.engagement_features.views_likes_correlation IS 'correlation of the excesses of views and likes, -1..1';
COMMENT ON COLUMN botdet.engagement_features.views_comments_correlation IS 'correlation of the excesses of views and comments, -1..1';
COMMENT ON COLUMN botdet.engagement_features.views_shares_correlation IS 'correlation of the excesses of views and shares, -1..1';
COMMENT ON COLUMN botdet.engagement_features.likes_comments_correlation IS 'correlation of the excesses of likes and comments, -1..1';
COMMENT ON COLUMN botdet.engagement_features.burst_hours IS 'share of the hours in which a metric lies three deviations above what is expected, 0..1';
COMMENT ON COLUMN botdet.engagement_features.night_excess IS 'ln of observed over expected from 2 to 5 in the morning, in the audience''s time, of the metric that exceeds most';
COMMENT ON COLUMN botdet.engagement_features.weekend_excess IS 'ln of observed over expected on weekends, of the metric that exceeds most';
COMMENT ON COLUMN botdet.engagement_features.episodes_per_week IS 'times a week at which windows of one or several metrics stand out';
COMMENT ON COLUMN botdet.engagement_features.episode_share IS 'share of the hours that lie in such episodes, 0..1';
COMMENT ON COLUMN botdet.engagement_features.organic_episodes_per_week IS 'those of them that look like people';
COMMENT ON COLUMN botdet.engagement_features.episode_strength IS 'strength of the most suspicious episode; this and what follows is 0 without one, sd';
COMMENT ON COLUMN botdet.engagement_features.episode_ratio IS 'ln of observed over expected in it, of the metric that exceeds most';
COMMENT ON COLUMN botdet.engagement_features.episode_length IS 'ln of its hours';
COMMENT ON COLUMN botdet.engagement_features.episode_metrics IS 'metrics that have a window in it';
COMMENT ON COLUMN botdet.engagement_features.episode_mismatch IS 'strength of its strongest window against the other metrics, sd';
COMMENT ON COLUMN botdet.engagement_features.episode_breadth IS 'share of the metrics in which its excess would be seen that show it, 0..1';
COMMENT ON COLUMN botdet.engagement_features.episode_decay IS 'how much better a slow fall explains it than an even excess, -1..1';
COMMENT ON COLUMN botdet.engagement_features.episode_tail IS 'excess after its end over that within, -1..1';
COMMENT ON COLUMN botdet.engagement_features.episode_ramp IS 'correlation of its excess with time, -1..1';
COMMENT ON COLUMN botdet.engagement_features.episode_waves IS 'share of its variation that comes in waves, 0..1';
COMMENT ON COLUMN botdet.engagement_features.episode_night IS 'share of its hours at night, 0..1';
COMMENT ON COLUMN botdet.engagement_features.episode_weekend IS 'share of its hours on weekends, 0..1';
COMMENT ON COLUMN botdet.engagement_features.episode_organic IS 'how far people explain it, 0..1';
COMMENT ON COLUMN botdet.engagement_features.short_episodes IS 'episodes of five hours at most, a week';
COMMENT ON COLUMN botdet.engagement_features.night_episodes IS 'short episodes at night, a week';
COMMENT ON COLUMN botdet.engagement_features.irregularity IS 'coefficient of variation of the time between short episodes; 2 with fewer than three';
COMMENT ON COLUMN botdet.engagement_features.likeness IS 'how alike the curves of three or more episodes are, 0..1';
COMMENT ON COLUMN botdet.engagement_features.suspicion IS 'how much speaks for an attack with nothing learned, 0..1';
