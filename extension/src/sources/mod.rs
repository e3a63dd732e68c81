//! The tables that activity comes from.
//!
//! `botdet.source` says which column of a table plays which role. Each backend keeps the sources it has read, until
//! `botdet.source` or one of the tables changes.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use botdet_models::event::Action;
use pgrx::pg_sys::{self, Oid};

use crate::postgres::catalog::{self, relation};
use crate::postgres::event_columns::{EventColumns, Role};
use crate::postgres::index_entries::KeyIndexes;
use crate::postgres::invalidation::{SOURCES, Watch};
use crate::postgres::spi::{Row, Statement};
use crate::postgres::state_table;
use crate::postgres::transaction::{self, as_owner};

mod queries;

use queries::Names;

thread_local! {
    static KNOWN: RefCell<Option<Known>> = const { RefCell::new(None) };
    static IS_BOUND: Statement = const {
        Statement::reading(include_str!("../sql/is_bound.sql"), &[pg_sys::OIDOID]).seeing_latest()
    };
    static ALL: Statement = const {
        Statement::reading(include_str!("../sql/sources.sql"), &[]).seeing_latest()
    };
}

struct Known {
    /// Changes that were heard of before they were read.
    changes: u64,
    /// Whether they were read in parallel mode, and thus as the active snapshot saw them.
    in_parallel: bool,
    sources: Rc<Vec<Source>>,
}

/// One table.
pub struct Source {
    pub relation: Oid,
    owner: Oid,
    /// Whether accounts are known by UUIDs: another name cannot even be looked for.
    pub has_uuids: bool,
    pub columns: EventColumns,
    default_action: Action,
    actions: HashMap<String, Action>,
    /// Rows of one account, and the numbers that columns have there.
    pub events: Statement,
    /// Rows of many accounts, with the same columns.
    pub events_of_many: Statement,
    pub event_columns: EventColumns,
    /// Counts rows of some accounts.
    pub row_counts: Statement,
    /// Rows of all accounts between two times.
    pub window: Statement,
}

impl Source {
    /// Whether an account with this key, or without one, can have rows here.
    pub fn may_hold(&self, key: Option<&str>) -> bool {
        match key {
            _ if self.columns.has_numbers() => true,
            Some(key) => !self.has_uuids || is_uuid(key),
            None => false,
        }
    }

    /// Runs `work`, which reads its rows: see [`transaction::as_reader`].
    pub fn reading<R>(&self, work: impl FnOnce() -> R) -> R {
        transaction::as_reader(self.owner, work)
    }

    /// Indexes to find an account's rows by, if all partitions have one.
    pub fn key_indexes(&self) -> Option<KeyIndexes> {
        let (number, column_type) = self.columns.column(Role::Account)?;
        KeyIndexes::open(self.relation, number, column_type)
    }

    /// What a value of the action column stands for.
    pub fn action(&self, name: Option<&str>) -> Action {
        let Some(name) = name else {
            return self.default_action;
        };
        if !self.actions.is_empty()
            && let Some(action) = self.actions.get(name)
        {
            return *action;
        }
        Action::from_name(name)
    }
}

/// All sources that can be read. A source whose table has lost a column is read without it, or left out when it
/// cannot do without, with a warning.
pub fn all() -> Rc<Vec<Source>> {
    let changes = SOURCES.with(Watch::changes);
    let in_parallel = transaction::is_parallel_mode();
    let known = KNOWN.with_borrow(|known| {
        let known = known.as_ref().filter(|known| known.changes == changes)?;
        if known.in_parallel && !in_parallel {
            return None;
        }
        Some(Rc::clone(&known.sources))
    });
    if let Some(sources) = known {
        return sources;
    }
    let (mut sources, mut watched) = (Vec::new(), vec![relation(c"botdet", c"source")]);
    // Whoever inserts needs no right to read what is bound.
    as_owner(state_table::owner(), || {
        ALL.with(|statement| {
            statement.run(&[], |row| {
                watched.extend(row.oid(1));
                sources.extend(read(row));
            })
        });
    });
    SOURCES.with(|watch| watch.restrict(watched));
    let sources = Rc::new(sources);
    KNOWN.set(Some(Known { changes, in_parallel, sources: Rc::clone(&sources) }));
    sources
}

fn read(row: &Row<'_>) -> Option<Source> {
    let relation = row.oid(1)?;
    let name = row.text(2)?.into_owned();
    let mut columns = [None; Role::ALL.len()];
    let mut names: [Option<String>; Role::ALL.len()] = Default::default();
    for (role, number) in Role::ALL.into_iter().zip(3..) {
        let Some(column) = row.text(number) else {
            continue;
        };
        let found = catalog::column(relation, &column);
        match found {
            Some((_, column_type)) if role.accepts(column_type).is_ok() => columns[role as usize] = found,
            _ if role.is_required() => {
                pgrx::warning!(
                    "source {name} cannot be read: it has no column {column} of a type that does for {}; bind it again",
                    role.name()
                );
                return None;
            }
            _ => {
                pgrx::warning!(
                    "source {name} is read without {}: it has no column {column} of a type that does; bind it again",
                    role.name()
                );
                continue;
            }
        }
        names[role as usize] = Some(quoted(&column));
    }
    let columns = EventColumns::new(columns);
    let queries = Names { relation: &name, columns: names, types: &columns };
    let (events, events_of_many) = (queries.events(), queries.events_of_many());
    let (row_counts, window) = (queries.row_counts(), queries.window());
    let actions = row.text(13).unwrap_or(Cow::Borrowed("{}"));
    let actions: HashMap<String, String> = serde_json::from_str(&actions).unwrap_or_default();
    let numbered = |role: Role| columns.column(role).map(|(_, column_type)| (role as i16 + 1, column_type));
    Some(Source {
        relation,
        owner: row.oid(14)?,
        has_uuids: columns.column(Role::Account)?.1 == pg_sys::UUIDOID,
        event_columns: EventColumns::new(Role::ALL.map(numbered)),
        columns,
        default_action: row.text(12).map_or(Action::Other, |action| Action::from_name(&action)),
        actions: actions.into_iter().map(|(name, action)| (name, Action::from_name(&action))).collect(),
        events,
        events_of_many,
        row_counts,
        window,
    })
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Whether a table is bound, even if it cannot be read.
pub fn is_bound(table: Oid) -> bool {
    as_owner(state_table::owner(), || {
        IS_BOUND.with(|statement| statement.run(&[Some(table.into())], |_| {})) > 0
    })
}

/// Whether a text is a UUID as Postgres writes it.
fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
