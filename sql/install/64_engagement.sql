-- Engagement as rows that a version can learn from: botdet train --detector engagement reads this view.

CREATE VIEW botdet.engagement_features_of_accounts WITH (security_invoker) AS
SELECT s.account_id, s.last_hour, t.is_attacked, f.*
FROM (
    SELECT e.account_id, pg_catalog.max(e.hour) AS last_hour,
        botdet_engagement_series(e.hour, e.views, e.likes, e.comments, e.shares) AS series
    FROM botdet.engagement_hourly e
    GROUP BY e.account_id
) s
LEFT JOIN (
    SELECT w.account_id, pg_catalog.bool_or(w.metric IS NOT NULL) AS is_attacked
    FROM botdet.engagement_window w
    GROUP BY w.account_id
) t ON t.account_id OPERATOR(pg_catalog.=) s.account_id
CROSS JOIN LATERAL botdet_engagement_features(s.series) f;
COMMENT ON VIEW botdet.engagement_features_of_accounts IS 'features of every account in botdet.engagement_hourly, and whether it was attacked';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.account_id IS 'number of the account';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.last_hour IS 'its last hour: versions are judged by series that end later than those learned from';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.is_attacked IS 'whether botdet.engagement_window has a window of it; NULL where it has no row';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.coverage IS 'share of the hours from the first to the last that are known, 0..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.views_dispersion IS 'ln of the extra variance of views around their season, in squares of what is expected';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.views_entropy IS 'entropy of views over the hours of the day (UTC) over ln 24, 0..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.views_peak_1h IS 'ln of the largest excess of views in an hour: (observed + 1) / (expected + 1)';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.views_peak_6h IS 'the same for the sum of six hours';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.views_peak_24h IS 'the same for the sum of 24 hours';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.views_window_strength IS 'strength of the strongest window of views against their season, sd';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.views_mismatch IS 'strength of the strongest window of views against season and other metrics, sd';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.views_window_share IS 'share of the hours that lie in windows of views, 0..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.likes_dispersion IS 'ln of the extra variance of likes around their season';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.likes_entropy IS 'entropy of likes over the hours of the day over ln 24, 0..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.likes_peak_1h IS 'ln of the largest excess of likes in an hour';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.likes_peak_6h IS 'the same for the sum of six hours';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.likes_peak_24h IS 'the same for the sum of 24 hours';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.likes_window_strength IS 'strength of the strongest window of likes against their season, sd';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.likes_mismatch IS 'strength of the strongest window of likes against season and other metrics, sd';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.likes_window_share IS 'share of the hours that lie in windows of likes, 0..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.comments_dispersion IS 'ln of the extra variance of comments around their season';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.comments_entropy IS 'entropy of comments over the hours of the day over ln 24, 0..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.comments_peak_1h IS 'ln of the largest excess of comments in an hour';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.comments_peak_6h IS 'the same for the sum of six hours';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.comments_peak_24h IS 'the same for the sum of 24 hours';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.comments_window_strength IS 'strength of the strongest window of comments against their season, sd';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.comments_mismatch IS 'strength of the strongest window of comments against season and other metrics, sd';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.comments_window_share IS 'share of the hours that lie in windows of comments, 0..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.shares_dispersion IS 'ln of the extra variance of shares around their season';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.shares_entropy IS 'entropy of shares over the hours of the day over ln 24, 0..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.shares_peak_1h IS 'ln of the largest excess of shares in an hour';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.shares_peak_6h IS 'the same for the sum of six hours';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.shares_peak_24h IS 'the same for the sum of 24 hours';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.shares_window_strength IS 'strength of the strongest window of shares against their season, sd';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.shares_mismatch IS 'strength of the strongest window of shares against season and other metrics, sd';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.shares_window_share IS 'share of the hours that lie in windows of shares, 0..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.views_autocorrelation_1h IS 'correlation of ln(1 + views) with the hour before, -1..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.views_autocorrelation_24h IS 'correlation of ln(1 + views) with the same hour a day before, -1..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.views_autocorrelation_168h IS 'correlation of ln(1 + views) with the same hour a week before, -1..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.likes_autocorrelation_1h IS 'correlation of ln(1 + likes) with the hour before, -1..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.likes_autocorrelation_24h IS 'correlation of ln(1 + likes) with the same hour a day before, -1..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.views_persistence IS 'correlation of what is unusual about views with the hour before, 0..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.likes_persistence IS 'correlation of what is unusual about likes with the hour before, 0..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.growth IS 'ln of the growth over a week that most days show';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.like_rate IS 'ln of likes per view';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.comment_rate IS 'ln of comments per view';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.share_rate IS 'ln of shares per view';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.like_rate_spread IS 'standard deviation of ln likes per view over six-hour parts';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.comment_rate_spread IS 'standard deviation of ln comments per view over six-hour parts';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.share_rate_spread IS 'standard deviation of ln shares per view over six-hour parts';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.views_likes_correlation IS 'correlation of the excesses of views and likes, -1..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.views_comments_correlation IS 'correlation of the excesses of views and comments, -1..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.views_shares_correlation IS 'correlation of the excesses of views and shares, -1..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.likes_comments_correlation IS 'correlation of the excesses of likes and comments, -1..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.burst_hours IS 'share of the hours in which a metric lies three deviations above what is expected, 0..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.night_excess IS 'ln of observed over expected from 2 to 5 in the morning, in the audience''s time, of the metric that exceeds most';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.weekend_excess IS 'ln of observed over expected on weekends, of the metric that exceeds most';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.episodes_per_week IS 'times a week at which windows of one or several metrics stand out';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.episode_share IS 'share of the hours that lie in such episodes, 0..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.organic_episodes_per_week IS 'those of them that look like people';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.episode_strength IS 'strength of the most suspicious episode; this and what follows is 0 without one, sd';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.episode_ratio IS 'ln of observed over expected in it, of the metric that exceeds most';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.episode_length IS 'ln of its hours';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.episode_metrics IS 'metrics that have a window in it';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.episode_mismatch IS 'strength of its strongest window against the other metrics, sd';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.episode_breadth IS 'share of the metrics in which its excess would be seen that show it, 0..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.episode_decay IS 'how much better a slow fall explains it than an even excess, -1..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.episode_tail IS 'excess after its end over that within, -1..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.episode_ramp IS 'correlation of its excess with time, -1..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.episode_waves IS 'share of its variation that comes in waves, 0..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.episode_night IS 'share of its hours at night, 0..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.episode_weekend IS 'share of its hours on weekends, 0..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.episode_organic IS 'how far people explain it, 0..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.short_episodes IS 'episodes of five hours at most, a week';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.night_episodes IS 'short episodes at night, a week';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.irregularity IS 'coefficient of variation of the time between short episodes; 2 with fewer than three';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.likeness IS 'how alike the curves of three or more episodes are, 0..1';
COMMENT ON COLUMN botdet.engagement_features_of_accounts.suspicion IS 'how much speaks for an attack with nothing learned, 0..1';
