//! Comparing the pages of links, against joining their pairs of words with themselves in SQL.

use std::io::Write;

use botdet_loader::simulate::backlinks::{BacklinkParams, simulate_backlinks, write_domains, write_links};
use botdet_tests::{Sql, TestDatabase};
use postgres::Client;

use crate::measure::{Measurement, processor_seconds};

/// Pages that are joined with each other in SQL; pairs grow with the square.
const SAMPLE: i64 = 2_000;

/// 100,000 links; `BOTDET_BENCH_SCALE=10` makes it ten times as many.
pub fn backlinks() -> Vec<Measurement> {
    let scale = std::env::var("BOTDET_BENCH_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let database = TestDatabase::new("bench_backlinks");
    let mut client = database.connect();
    let links = fill(&mut client, 100_000 * scale);
    client.run("SET work_mem = '256MB'; SET jit = off; SET max_parallel_workers_per_gather = 0");
    client.run(PAIRS_OF_WORDS);
    let joined = processor_seconds(&mut client, |client| client.run(SELF_JOIN));
    let scaled = joined * (links as f64 / SAMPLE as f64).powi(2);
    let compared = processor_seconds(&mut client, |client| client.run("SELECT botdet_compare_pages()"));
    client.run("ANALYZE botdet.page_similarity");
    let counted = processor_seconds(&mut client, |client| client.run(REUSE_IN_SQL));
    let features = processor_seconds(&mut client, |client| {
        client.run("SELECT count(*) FROM botdet_backlink_features()")
    });
    let scores = processor_seconds(&mut client, |client| client.run("SELECT botdet_store_backlink_scores()"));
    vec![
        Measurement::new(
            format!("pages of {links} links, self-join of {SAMPLE} scaled"),
            "processor s",
            compared,
            scaled,
        ),
        Measurement::new(
            format!("features of {links} links, three counts in SQL"),
            "processor s",
            features,
            counted,
        ),
        Measurement::new(
            format!("{links} links scored and stored, features"),
            "processor s",
            scores,
            features,
        ),
    ]
}

fn fill(client: &mut Client, links: u32) -> i64 {
    let params = BacklinkParams { links, ..BacklinkParams::default() };
    let made = simulate_backlinks(&params.check().expect("the parameters are possible"));
    let (mut domains, mut rows) = (Vec::new(), Vec::new());
    write_domains(&made, &mut domains).expect("memory takes all");
    write_links(&made, &mut rows).expect("memory takes all");
    copy(
        client,
        "botdet.domain (domain, rank, registered_at, ip, registrar, asn, hosting, is_unsafe)",
        &domains,
    );
    copy(
        client,
        "botdet.backlink (backlink_id, source_domain, target, anchor, is_dofollow, first_seen, page_text)",
        &rows,
    );
    client.run("VACUUM ANALYZE botdet.domain; ");
    client.run("VACUUM ANALYZE botdet.backlink");
    client.value("SELECT count(*) FROM botdet.backlink", &[])
}

/// Copies a file with a header into columns of a table.
pub fn copy(client: &mut Client, table: &str, csv: &[u8]) {
    let mut writer = client
        .copy_in(&format!("COPY {table} FROM STDIN (FORMAT csv, HEADER)"))
        .expect("the table takes rows");
    writer.write_all(csv).expect("the server listens");
    writer.finish().expect("the rows are sound");
}

/// Pairs of words of some pages, each once, with how many there are of the page.
const PAIRS_OF_WORDS: &str = "
CREATE TEMPORARY TABLE pair AS
SELECT backlink_id, source_domain, hashtextextended(concat(word, ' ', following), 0) AS pair, count(*) OVER (PARTITION BY backlink_id) AS pairs
FROM (
    SELECT DISTINCT backlink_id, source_domain, word, lead(word) OVER (PARTITION BY backlink_id ORDER BY place) AS following
    FROM (SELECT * FROM botdet.backlink WHERE page_text IS NOT NULL ORDER BY backlink_id LIMIT 2000) AS b,
         regexp_split_to_table(b.page_text, ' ') WITH ORDINALITY AS w (word, place)
) AS p
WHERE following IS NOT NULL;
ANALYZE pair";

const SELF_JOIN: &str = "
SELECT count(*), avg(similarity) FROM (
    SELECT backlink_id, max(similarity) AS similarity
    FROM (
        SELECT a.backlink_id, count(*)::float8 / (min(a.pairs) + min(b.pairs) - count(*)) AS similarity
        FROM pair a JOIN pair b ON a.pair = b.pair AND a.source_domain <> b.source_domain
        GROUP BY a.backlink_id, b.backlink_id
    ) AS s
    GROUP BY backlink_id
) AS m";

/// Three of the features, as window functions count them.
const REUSE_IN_SQL: &str = "
SELECT count(*), avg(ips), avg(registrars), avg(anchors) FROM (
    SELECT count(*) OVER (PARTITION BY b.target_domain, d.ip) AS ips,
           count(*) OVER (PARTITION BY b.target_domain, d.registrar) AS registrars,
           count(*) OVER (PARTITION BY b.target_domain, lower(b.anchor)) AS anchors
    FROM botdet.backlink b LEFT JOIN botdet.domain d ON d.domain = b.source_domain
) AS r";
