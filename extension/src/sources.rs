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
use crate::postgres::event_columns::{EventColumns, Role, RowKey};
use crate::postgres::invalidation::SOURCES;
use crate::postgres::spi::Statement;
use crate::postgres::state_table;
use crate::postgres::transaction::as_owner;

thread_local! {
    static KNOWN: RefCell<Option<Known>> = const { RefCell::new(None) };
    static IS_BOUND: Statement = const {
        Statement::reading("SELECT FROM botdet.source WHERE relation = $1", &[pg_sys::OIDOID])
    };
    static ALL: Statement = const { Statement::reading(include_str!("sql/sources.sql"), &[]) };
}

/// What tells one account from another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AccountKey {
    /// The account's number itself.
    Number(i64),
    /// A name that `botdet.account` has, or will get, a number for.
    Name(Box<str>),
}

impl From<RowKey<'_>> for AccountKey {
    fn from(key: RowKey<'_>) -> Self {
        match key {
            RowKey::Number(number) => Self::Number(number),
            RowKey::Name(name) => Self::Name(name.into()),
        }
    }
}

struct Known {
    /// Changes that were heard of before they were read.
    changes: u64,
    sources: Rc<Vec<Source>>,
}

/// One table.
pub struct Source {
    pub relation: Oid,
    /// Whether accounts are known by UUIDs: another name cannot even be looked for.
    pub has_uuids: bool,
    pub columns: EventColumns,
    default_action: Action,
    actions: HashMap<String, Action>,
    /// Rows of one account up to one time and from another, of the columns in the order of [`Role::ALL`]; the numbers that columns have there.
    pub events: Statement,
    pub event_columns: EventColumns,
    /// Counts the rows of some accounts, each up to one more than a number of its own.
    pub row_counts: Statement,
    /// Rows of all accounts between two times: account's number, time, target, content, device, address, action.
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
    let changes = SOURCES.with(crate::postgres::invalidation::Watch::changes);
    let known = KNOWN.with_borrow(|known| {
        let known = known.as_ref().filter(|known| known.changes == changes)?;
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
    KNOWN.set(Some(Known { changes, sources: Rc::clone(&sources) }));
    sources
}

fn read(row: &crate::postgres::spi::Row<'_>) -> Option<Source> {
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
    let actions = row.text(13).unwrap_or(Cow::Borrowed("{}"));
    let actions: HashMap<String, String> = serde_json::from_str(&actions).unwrap_or_default();
    let actions = actions.into_iter().map(|(name, action)| (name, Action::from_name(&action))).collect();
    let has_numbers = columns.has_numbers();
    let account = names[Role::Account as usize].clone()?;
    let occurred_at = names[Role::OccurredAt as usize].clone()?;
    let account_type = columns.column(Role::Account)?.1;
    let is_inet = columns.column(Role::Ip).is_some_and(|(_, column_type)| column_type == pg_sys::INETOID);
    // A time without a zone is taken as UTC, here as everywhere.
    let moment = match columns.column(Role::OccurredAt)?.1 {
        pg_sys::TIMESTAMPOID => format!("pg_catalog.timezone('UTC', {occurred_at})"),
        _ => occurred_at.clone(),
    };
    // The column itself is compared: only so does a partitioned table leave out partitions.
    let since = match columns.column(Role::OccurredAt)?.1 {
        pg_sys::TIMESTAMPOID => "pg_catalog.timezone('UTC', $4)",
        _ => "$4",
    };
    // A number of any width compares with bigint; a name must be cast, for an index on the column to be of use.
    let cast = match account_type {
        pg_sys::UUIDOID => "::pg_catalog.uuid",
        pg_sys::BPCHAROID => "::pg_catalog.bpchar",
        _ => "",
    };
    let selected: Vec<&str> = names.iter().map(|name| name.as_deref().unwrap_or("NULL")).collect();
    let order = names[Role::Position as usize].as_ref().map(|position| format!(", {position}"));
    let events = format!(
        "SELECT {} FROM {name} WHERE {account} OPERATOR(pg_catalog.=) {}{cast} \
         AND {moment} OPERATOR(pg_catalog.<=) $3 AND {occurred_at} OPERATOR(pg_catalog.>=) {since} \
         ORDER BY {occurred_at}{}",
        selected.join(", "),
        if has_numbers { "$1" } else { "$2" },
        order.unwrap_or_default()
    );
    let row_counts = format!(
        "SELECT k.account_id, (SELECT pg_catalog.count(*) FROM (SELECT FROM {name} \
         WHERE {account} OPERATOR(pg_catalog.=) k.{}{cast} LIMIT k.new_rows OPERATOR(pg_catalog.+) 1) AS some_rows) \
         FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3)) \
         AS k (account_id, account_key, new_rows)",
        if has_numbers { "account_id" } else { "account_key" }
    );
    let written = |role: Role| {
        names[role as usize].as_ref().map_or("NULL".to_owned(), |column| match role {
            Role::Ip if is_inet => format!("pg_catalog.host(s.{column})"),
            _ => format!("s.{column}::pg_catalog.text"),
        })
    };
    let texts = [Role::Target, Role::Content, Role::Device, Role::Ip, Role::Action].map(written).join(", ");
    let moment_of_row = moment.replace(&occurred_at, &format!("s.{occurred_at}"));
    let (number, join) = if has_numbers {
        (format!("s.{account}::pg_catalog.int8"), String::new())
    } else {
        let same = format!("a.account_key OPERATOR(pg_catalog.=) s.{account}::pg_catalog.text");
        ("a.account_id".to_owned(), format!(" JOIN botdet.account a ON {same}"))
    };
    let window = format!(
        "SELECT {number}, {moment_of_row}, {texts} FROM {name} s{join} \
         WHERE {moment_of_row} OPERATOR(pg_catalog.>=) $1 AND {moment_of_row} OPERATOR(pg_catalog.<) $2 \
         AND s.{account} IS NOT NULL"
    );
    let numbered = |role: Role| columns.column(role).map(|(_, column_type)| (role as i16 + 1, column_type));
    Some(Source {
        relation,
        has_uuids: account_type == pg_sys::UUIDOID,
        event_columns: EventColumns::new(Role::ALL.map(numbered)),
        columns,
        default_action: row.text(12).map_or(Action::Other, |action| Action::from_name(&action)),
        actions,
        events: Statement::reading_made(
            events,
            &[pg_sys::INT8OID, pg_sys::TEXTOID, pg_sys::TIMESTAMPTZOID, pg_sys::TIMESTAMPTZOID],
        ),
        window: Statement::reading_made(window, &[pg_sys::TIMESTAMPTZOID, pg_sys::TIMESTAMPTZOID]),
        row_counts: Statement::reading_made(
            row_counts,
            &[pg_sys::INT8ARRAYOID, pg_sys::TEXTARRAYOID, pg_sys::INT8ARRAYOID],
        ),
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
