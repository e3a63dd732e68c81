//! Reading `botdet.backlink` with its domains, and keeping what comparing pages has found.

use std::collections::HashMap;

use botdet_models::backlink::{Domain, Link, LinkGraph};
use botdet_models::event::Timestamp;
use botdet_models::groups::Resemblance;
use pgrx::pg_sys::{self, Datum};

use crate::postgres::call::check_for_interrupts;
use crate::postgres::spi::{Row, Statement};
use crate::postgres::state_table::with_rights;
use crate::postgres::values::{Element, array_datum, float8_datum, text_datum, timestamp_datum};

/// Rows between two looks at whether the query is cancelled.
const ROWS_BETWEEN_CHECKS: usize = 4_096;

thread_local! {
    static LINKS: Statement = const {
        Statement::reading(include_str!("../sql/backlinks.sql"), &[pg_sys::TIMESTAMPTZOID]).planned_anew()
    };
    static LINKS_OF_TARGET: Statement = const {
        Statement::reading(
            include_str!("../sql/backlinks_of_target.sql"),
            &[pg_sys::TIMESTAMPTZOID, pg_sys::TEXTOID],
        )
        .planned_anew()
    };
    static PAGES: Statement = const {
        Statement::reading(include_str!("../sql/pages.sql"), &[pg_sys::TIMESTAMPTZOID]).planned_anew()
    };
    static FORGET: Statement = const {
        Statement::writing(include_str!("../sql/forget_similarities.sql"), &[pg_sys::TIMESTAMPTZOID])
    };
    static WRITE: Statement = const {
        Statement::writing(
            include_str!("../sql/write_similarities.sql"),
            &[
                pg_sys::INT8ARRAYOID,
                pg_sys::INT8ARRAYOID,
                pg_sys::FLOAT8ARRAYOID,
                pg_sys::INT8ARRAYOID,
                pg_sys::TIMESTAMPTZOID,
            ],
        )
    };
}

/// The links to a target, by its domain, or all there are.
pub fn load(target: Option<&str>, as_of: Timestamp) -> LinkGraph {
    let mut graph = LinkGraph::default();
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut add = |row: &Row<'_>| {
        let Some(mut link) = link(row) else { return };
        if row.boolean(9) == Some(true) {
            let place = *known.entry(link.source_domain.clone()).or_insert_with(|| {
                graph.domains.push(domain(row));
                graph.domains.len() - 1
            });
            link.domain = Some(place);
        }
        graph.links.push(link);
        if graph.links.len().is_multiple_of(ROWS_BETWEEN_CHECKS) {
            check_for_interrupts();
        }
    };
    let as_of = Some(timestamp_datum(as_of));
    match target {
        Some(target) => {
            LINKS_OF_TARGET.with(|statement| statement.stream(&[as_of, Some(text_datum(target))], &mut add));
        }
        None => LINKS.with(|statement| statement.stream(&[as_of], &mut add)),
    }
    // Nothing is to depend on where rows lie.
    graph.links.sort_unstable_by_key(|link| link.backlink_id);
    graph
}

fn link(row: &Row<'_>) -> Option<Link> {
    Some(Link {
        backlink_id: row.bigint(1)?,
        source_domain: row.text(2)?.into_owned(),
        target: row.text(3)?.into_owned(),
        anchor: owned(row, 4),
        is_dofollow: row.boolean(5),
        first_seen: row.timestamptz(6)?,
        text_words: row.integer(7).map(f64::from),
        similarity: row.float8(8),
        links_of_domain: row.bigint(17).map(|links| links as f64),
        domain: None,
    })
}

fn domain(row: &Row<'_>) -> Domain {
    Domain {
        rank: row.float8(10),
        registered_at: row.timestamptz(11),
        ip: row.text(12).and_then(|ip| ip.parse().ok()),
        registrar: owned(row, 13),
        asn: row.bigint(14),
        hosting: owned(row, 15),
        is_unsafe: row.boolean(16),
    }
}

fn owned(row: &Row<'_>, column: i32) -> Option<String> {
    row.text(column).map(std::borrow::Cow::into_owned)
}

/// Hands over each page that has a text: its link, its domain, the text.
pub fn for_each_page(as_of: Timestamp, mut each: impl FnMut(i64, &str, &str)) {
    let mut pages = 0usize;
    PAGES.with(|statement| {
        statement.stream(&[Some(timestamp_datum(as_of))], |row| {
            if let Some(((link, domain), text)) = row.bigint(1).zip(row.text(2)).zip(row.text(3)) {
                each(link, &domain, &text);
            }
            pages += 1;
            if pages.is_multiple_of(ROWS_BETWEEN_CHECKS) {
                check_for_interrupts();
            }
        });
    });
}

/// Keeps what was found of pages, in ascending order of link, and forgets those that were not compared again.
pub fn write(found: &[Resemblance], as_of: Timestamp) {
    let numbers = |number: fn(&Resemblance) -> Option<i64>| {
        array_datum(Element::Bigint, found.iter().map(|page| number(page).map(Datum::from)))
    };
    let similarities = found.iter().map(|page| Some(float8_datum(page.similarity)));
    let arguments = [
        Some(numbers(|page| Some(page.page))),
        Some(numbers(|page| Some(i64::from(page.words)))),
        Some(array_datum(Element::Float8, similarities)),
        Some(numbers(|page| page.nearest)),
        Some(timestamp_datum(as_of)),
    ];
    with_rights(|| {
        WRITE.with(|statement| statement.run(&arguments, |_| {}));
        FORGET.with(|statement| statement.run(&[Some(timestamp_datum(as_of))], |_| {}));
    });
}
