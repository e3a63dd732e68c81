//! Versions switched while many write and read.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use botdet_tests::{Sql, TestDatabase};
use postgres::Client;

use crate::support::assert_states_follow_rows;
use crate::versions::two_versions;

/// Between two switches.
const PERIOD: Duration = Duration::from_millis(100);

/// What scored in a statement, what was deployed in its snapshot, and whether rules answered beside them.
struct Answer {
    versions: Vec<Option<String>>,
    champion: Option<String>,
    challenger: Option<String>,
}

impl Answer {
    /// A statement over scores `s`, in whose snapshot the deployment is read, too.
    fn of(client: &mut Client, scores: &str) -> Self {
        let row = client.query_one(
            &format!(
                "SELECT array_agg(DISTINCT s.model_version),
                        (SELECT v.version FROM botdet.deployment d JOIN botdet.model_version v USING (model_version_id)
                         WHERE d.alias = 'champion'),
                        (SELECT v.version FROM botdet.deployment d JOIN botdet.model_version v USING (model_version_id)
                         WHERE d.alias = 'challenger' AND d.share > 0)
                 FROM {scores}"
            ),
            &[],
        );
        let row =
            row.unwrap_or_else(|error| unreachable!("{:?}: {scores}", botdet_tests::Refusal::of(&error)));
        Self { versions: row.get(0), champion: row.get(1), challenger: row.get(2) }
    }

    /// One version for all rows, without a split. It is that of the snapshot, or where a commit is just being announced the one
    /// before.
    fn assert_right(&self, course: &Course) {
        let Self { versions, champion, challenger } = self;
        // Asked after the statement, so that one which met the first split is not held to this.
        let has_split = course.has_split.load(Ordering::SeqCst);
        assert!(
            has_split || versions.len() == 1,
            "{versions:?} answer in one statement, beside {champion:?}"
        );
        if !versions.iter().all(|version| version == champion || version.is_some() && version == challenger) {
            course.late.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What the sessions tell each other, and statements so far of each kind.
#[derive(Default)]
struct Course {
    over: AtomicBool,
    has_split: AtomicBool,
    inserts: AtomicU64,
    single: AtomicU64,
    sets: AtomicU64,
    made_again: AtomicU64,
    views: AtomicU64,
    /// Answers by the version before the one that is deployed in the statement's snapshot.
    late: AtomicU64,
}

/// Sixteen sessions and one that switches every 100 ms. `BOTDET_SWITCH_SECONDS` makes it last.
#[test]
fn every_row_carries_a_deployed_version_while_versions_are_switched() {
    let seconds = std::env::var("BOTDET_SWITCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(8);
    let (database, full, filter) = two_versions("switching");
    let mut client = database.connect();
    watch_statements(&mut client);
    let course = Course::default();
    let (switches, split_since) = thread::scope(|scope| {
        // A session that fails ends the others, too.
        let _end = EndOnPanic(&course.over);
        for session in 0..16 {
            let (database, course) = (&database, &course);
            scope.spawn(move || {
                let _end = EndOnPanic(&course.over);
                work(database, session, course);
            });
        }
        let result = switch(&mut client, &full, &filter, Duration::from_secs(seconds), &course);
        course.over.store(true, Ordering::Relaxed);
        result
    });
    let Course { inserts, single, sets, made_again, views, late, .. } = course;
    let [inserts, single, sets, made_again, views, late] =
        [inserts, single, sets, made_again, views, late].map(AtomicU64::into_inner);
    println!(
        "{switches} switches in {seconds} s; {inserts} inserts, {single} scores of one and {sets} of a set, {made_again} refreshes \
         and drains, {views} rounds of views; {late} answers by the version before"
    );
    assert!([inserts, single, sets, made_again, views].iter().all(|count| *count > 0));
    assert!(switches > 10 && late * 20 < single + sets, "{switches} switches, {late} late answers");
    assert_written_rows(&mut client, &split_since);
    assert_states_follow_rows(&mut client);
}

/// Keeps which versions each statement that wrote scores has written.
fn watch_statements(client: &mut Client) {
    client.run(
        "CREATE TABLE written (versions text[], at timestamptz DEFAULT clock_timestamp());
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             INSERT INTO public.written (versions)
             SELECT array_agg(DISTINCT model_version) FROM rows HAVING count(*) > 0;
             RETURN NULL;
         END $$;
         CREATE TRIGGER inserted AFTER INSERT ON botdet.score REFERENCING NEW TABLE AS rows
         FOR EACH STATEMENT EXECUTE FUNCTION note();
         CREATE TRIGGER updated AFTER UPDATE ON botdet.score REFERENCING NEW TABLE AS rows
         FOR EACH STATEMENT EXECUTE FUNCTION note()",
    );
}

/// Without a split first, with one in the last third. Returns how often something was deployed, and since when there are splits.
fn switch(client: &mut Client, full: &str, filter: &str, lasts: Duration, course: &Course) -> (u64, String) {
    let (started, mut split_since) = (Instant::now(), None);
    let mut tick = 0;
    while started.elapsed() < lasts && !course.over.load(Ordering::Relaxed) {
        let version = if tick % 2 == 0 { full } else { filter };
        if started.elapsed() > lasts * 2 / 3 && split_since.is_none() {
            split_since = Some(client.value("SELECT clock_timestamp()::text", &[]));
            course.has_split.store(true, Ordering::SeqCst);
        }
        match tick % 16 {
            7 | 14 => drop(client.value::<String>("SELECT botdet_rollback()", &[])),
            10 | 12 if split_since.is_some() => {
                let challengers = "SELECT botdet_split(version, 0.3) FROM botdet.model_versions WHERE NOT is_champion";
                client.run(challengers);
            }
            15 => drop(client.value::<bool>("SELECT botdet_deactivate()", &[])),
            6 => client.run(
                "UPDATE botdet.detector SET insert_mode = CASE insert_mode WHEN 'inline' THEN 'filter' WHEN 'filter' THEN 'queue'
                 ELSE 'inline' END WHERE detector = 'account'",
            ),
            _ => drop(client.change("SELECT botdet_activate($1)", &[&version])),
        }
        tick += 1;
        sleep(PERIOD.mul_f64(tick as f64).saturating_sub(started.elapsed()));
    }
    (tick, split_since.unwrap_or_default())
}

fn work(database: &TestDatabase, session: u64, course: &Course) {
    let mut client = database.connect();
    let mut round = 0_u64;
    while !course.over.load(Ordering::Relaxed) {
        round += 1;
        let account = 1 + (session * 31 + round * 7) % 200;
        let count = match session {
            0..8 => {
                client.change(
                    "INSERT INTO botdet.activity (account_id, occurred_at, action, content)
                     SELECT $1 + k * 3, clock_timestamp(), 'post', 'hello ' || k FROM generate_series(0, $2::bigint) AS k",
                    &[&(account as i64), &((round % 4) as i64)],
                );
                &course.inserts
            }
            8 | 9 => {
                Answer::of(&mut client, &format!("botdet_score({account}::bigint) AS s"))
                    .assert_right(course);
                &course.single
            }
            10 => {
                Answer::of(
                    &mut client,
                    "botdet_score_batch(ARRAY(SELECT account_id FROM botdet.account LIMIT 60)) AS s",
                )
                .assert_right(course);
                &course.sets
            }
            11 => {
                let scores =
                    "(SELECT account_id FROM botdet.account LIMIT 60) AS a, botdet_score(a.account_id) AS s";
                Answer::of(&mut client, scores).assert_right(course);
                &course.sets
            }
            12 => {
                client.run(&format!("CALL botdet_refresh_scores(everything => {})", round.is_multiple_of(2)));
                &course.made_again
            }
            13 => {
                client.run("SELECT botdet_score_pending(50)");
                &course.made_again
            }
            _ => {
                read_views(&mut client);
                &course.views
            }
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

fn read_views(client: &mut Client) {
    let champions: i64 = client
        .value("SELECT count(*) FROM botdet.model_versions WHERE is_champion AND detector = 'account'", &[]);
    assert!(champions <= 1, "{champions} champions");
    for view in ["flagged_account", "version_performance", "account_score_v1", "score_hourly_v1", "queue_v1"]
    {
        client.run(&format!("SELECT * FROM botdet.{view}"));
    }
}

fn assert_written_rows(client: &mut Client, split_since: &str) {
    let odd: Vec<String> = client.column(
        "SELECT to_jsonb(s)::text FROM botdet.score s
         WHERE NOT EXISTS (SELECT FROM botdet.model_version v WHERE v.version = s.model_version)
             AND (s.model_version IS NOT NULL OR s.stage <> 'rules')",
        &[],
    );
    assert_eq!(odd, Vec::<String>::new(), "by no registered version, and not by rules");
    let mixed: Vec<String> = client.column(
        &format!(
            "SELECT written::text FROM written WHERE cardinality(versions) <> 1 AND at < '{split_since}'"
        ),
        &[],
    );
    assert_eq!(
        mixed,
        Vec::<String>::new(),
        "statements that wrote scores of several versions without a split"
    );
    let versions: i64 = client.value("SELECT count(DISTINCT v) FROM written, unnest(versions) AS v", &[]);
    assert_eq!(versions, 2);
}

/// Tells the others to end when a thread panics.
struct EndOnPanic<'a>(&'a AtomicBool);

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}
