//! Features, windows and scores of hourly engagement, against the z-scores that window functions give.

use botdet_loader::simulate::engagement::{
    EngagementParams, engagement_series, write_hours, write_hours_header,
};
use botdet_tests::{Sql, TestDatabase};
use postgres::Client;

use crate::backlinks::copy;
use crate::measure::{Measurement, processor_seconds};

/// Accounts with 336 hours each: 300,048 rows; `BOTDET_BENCH_SCALE=10` makes it ten times as many.
const ACCOUNTS: u32 = 893;

pub fn engagement() -> Vec<Measurement> {
    let scale = std::env::var("BOTDET_BENCH_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let database = TestDatabase::new("bench_engagement");
    let mut client = database.connect();
    let rows = fill(&mut client, ACCOUNTS * scale);
    client.run("SET work_mem = '256MB'; SET jit = off; SET max_parallel_workers_per_gather = 0");
    let naive = processor_seconds(&mut client, |client| client.run(Z_SCORES));
    let mut cost = |statement: &str| processor_seconds(&mut client, |client| client.run(statement));
    let gathered = cost(
        "SELECT count(length(s)) FROM (
             SELECT botdet_engagement_series(hour, views, likes, comments, shares) AS s
             FROM botdet.engagement_hourly GROUP BY account_id
         ) g",
    );
    let features = cost("SELECT avg(suspicion) FROM botdet.engagement_features_of_accounts");
    let windows = cost(
        "SELECT count(w.metric) FROM (SELECT DISTINCT account_id FROM botdet.engagement_hourly) a,
             LATERAL botdet_engagement_anomaly(a.account_id) w",
    );
    let scores = cost(
        "SELECT count((botdet_score('engagement', a.account_id)).bot_probability)
         FROM (SELECT DISTINCT account_id FROM botdet.engagement_hourly) a",
    );
    let figure = |what, value| {
        Measurement::new(format!("{what} of {rows} hours, z-scores in SQL"), "processor s", value, naive)
    };
    vec![
        figure("series", gathered),
        figure("features", features),
        figure("windows", windows),
        figure("scores", scores),
    ]
}

fn fill(client: &mut Client, accounts: u32) -> i64 {
    client.run("UPDATE botdet.detector SET insert_mode = 'off' WHERE detector = 'engagement'");
    let params = EngagementParams { accounts, ..EngagementParams::default() };
    let mut csv = Vec::new();
    write_hours_header(&mut csv).expect("memory takes all");
    for series in engagement_series(&params.check().expect("the parameters are possible")) {
        write_hours(&series, &mut csv).expect("memory takes all");
    }
    copy(client, "botdet.engagement_hourly (account_id, hour, views, likes, comments, shares)", &csv);
    client.run("VACUUM ANALYZE botdet.engagement_hourly");
    client.value("SELECT count(*) FROM botdet.engagement_hourly", &[])
}

/// Deviations of every count from the day and the week before it, and the largest of each account.
const Z_SCORES: &str = "
SELECT count(*) FROM (
    SELECT account_id, max((views - v_day) / nullif(v_day_sd, 0)), max((views - v_week) / nullif(v_week_sd, 0)),
           max((likes - l_day) / nullif(l_day_sd, 0)), max((likes - l_week) / nullif(l_week_sd, 0)),
           max((comments - c_day) / nullif(c_day_sd, 0)), max((comments - c_week) / nullif(c_week_sd, 0)),
           max((shares - s_day) / nullif(s_day_sd, 0)), max((shares - s_week) / nullif(s_week_sd, 0))
    FROM (
        SELECT account_id, views, likes, comments, shares,
               avg(views) OVER day AS v_day, stddev(views) OVER day AS v_day_sd,
               avg(views) OVER week AS v_week, stddev(views) OVER week AS v_week_sd,
               avg(likes) OVER day AS l_day, stddev(likes) OVER day AS l_day_sd,
               avg(likes) OVER week AS l_week, stddev(likes) OVER week AS l_week_sd,
               avg(comments) OVER day AS c_day, stddev(comments) OVER day AS c_day_sd,
               avg(comments) OVER week AS c_week, stddev(comments) OVER week AS c_week_sd,
               avg(shares) OVER day AS s_day, stddev(shares) OVER day AS s_day_sd,
               avg(shares) OVER week AS s_week, stddev(shares) OVER week AS s_week_sd
        FROM botdet.engagement_hourly
        WINDOW day AS (PARTITION BY account_id ORDER BY hour ROWS BETWEEN 24 PRECEDING AND 1 PRECEDING),
               week AS (PARTITION BY account_id ORDER BY hour ROWS BETWEEN 168 PRECEDING AND 1 PRECEDING)
    ) AS w
    GROUP BY account_id
) AS z";
