//! What is asked of a source, as SQL made for its columns.

use pgrx::pg_sys::{self, Oid};

use crate::postgres::event_columns::{EventColumns, Role};
use crate::postgres::spi::Statement;

/// A table, as SQL names it and its columns.
pub struct Names<'a> {
    pub relation: &'a str,
    /// Of each role, quoted.
    pub columns: [Option<String>; Role::ALL.len()],
    pub types: &'a EventColumns,
}

impl Names<'_> {
    /// Rows of one account from one time to another.
    pub fn events(&self) -> Statement {
        let number = if self.types.has_numbers() { "$1" } else { "$2" };
        let order = [Role::OccurredAt, Role::Position].map(|role| self.columns[role as usize].clone());
        let order: Vec<String> = order.into_iter().flatten().collect();
        let sql = filled(
            include_str!("../sql/source_events.sql"),
            &[
                ("columns", &self.selected()),
                ("relation", self.relation),
                ("account", self.column(Role::Account)),
                ("key", &self.comparable(number)),
                ("moment", &self.moment("")),
                ("occurred_at", self.column(Role::OccurredAt)),
                ("since", self.since()),
                ("order", &order.join(", ")),
            ],
        );
        Statement::reading_made(
            sql,
            &[pg_sys::INT8OID, pg_sys::TEXTOID, pg_sys::TIMESTAMPTZOID, pg_sys::TIMESTAMPTZOID],
        )
    }

    /// Rows of many accounts.
    pub fn events_of_many(&self) -> Statement {
        let keys = match self.cast() {
            _ if self.types.has_numbers() => "$1".to_owned(),
            "" => "$2".to_owned(),
            cast => format!("$2{cast}[]"),
        };
        let sql = filled(
            include_str!("../sql/source_events_of_many.sql"),
            &[
                ("columns", &self.selected()),
                ("relation", self.relation),
                ("account", self.column(Role::Account)),
                ("keys", &keys),
            ],
        );
        Statement::reading_made(sql, &[pg_sys::INT8ARRAYOID, pg_sys::TEXTARRAYOID]).planned_anew()
    }

    /// Counts the rows of some accounts, each up to one more than a number of its own.
    pub fn row_counts(&self) -> Statement {
        let key = if self.types.has_numbers() { "account_id" } else { "account_key" };
        let sql = filled(
            include_str!("../sql/source_row_counts.sql"),
            &[
                ("relation", self.relation),
                ("account", self.column(Role::Account)),
                ("key", &self.comparable(key)),
            ],
        );
        let types = &[pg_sys::INT8ARRAYOID, pg_sys::TEXTARRAYOID, pg_sys::INT8ARRAYOID];
        Statement::reading_made(sql, types)
    }

    /// Rows of all accounts between two times, with the number or the key of each.
    pub fn window(&self) -> Statement {
        let account = self.column(Role::Account);
        let key_type = if self.types.has_numbers() { "int8" } else { "text" };
        let key = format!("s.{account}::pg_catalog.{key_type}");
        let texts = [Role::Target, Role::Content, Role::Device, Role::Ip, Role::Action];
        let sql = filled(
            include_str!("../sql/source_window.sql"),
            &[
                ("key", &key),
                ("moment", &self.moment("s.")),
                ("texts", &texts.map(|role| self.written(role)).join(", ")),
                ("relation", self.relation),
                ("account", account),
            ],
        );
        Statement::reading_made(sql, &[pg_sys::TIMESTAMPTZOID, pg_sys::TIMESTAMPTZOID])
    }

    /// All columns, in the order of the roles.
    fn selected(&self) -> String {
        let selected: Vec<&str> = self.columns.iter().map(|name| name.as_deref().unwrap_or("NULL")).collect();
        selected.join(", ")
    }

    fn column(&self, role: Role) -> &str {
        self.columns[role as usize].as_deref().unwrap_or("NULL")
    }

    fn column_type(&self, role: Role) -> Oid {
        self.types.column(role).map_or(Oid::INVALID, |(_, column_type)| column_type)
    }

    /// A time without a zone is taken as UTC, here as everywhere.
    fn moment(&self, alias: &str) -> String {
        let column = self.column(Role::OccurredAt);
        match self.column_type(Role::OccurredAt) {
            pg_sys::TIMESTAMPOID => format!("pg_catalog.timezone('UTC', {alias}{column})"),
            _ => format!("{alias}{column}"),
        }
    }

    /// $4 as the column has its times.
    fn since(&self) -> &'static str {
        match self.column_type(Role::OccurredAt) {
            pg_sys::TIMESTAMPOID => "pg_catalog.timezone('UTC', $4)",
            _ => "$4",
        }
    }

    /// A number of any width compares with bigint; a name must be cast, for an index on the column to be of use.
    fn comparable(&self, key: &str) -> String {
        format!("{key}{}", self.cast())
    }

    fn cast(&self) -> &'static str {
        match self.column_type(Role::Account) {
            pg_sys::UUIDOID => "::pg_catalog.uuid",
            pg_sys::BPCHAROID => "::pg_catalog.bpchar",
            _ => "",
        }
    }

    /// A column as text.
    fn written(&self, role: Role) -> String {
        match &self.columns[role as usize] {
            None => "NULL".to_owned(),
            Some(column) if role == Role::Ip && self.column_type(role) == pg_sys::INETOID => {
                format!("pg_catalog.host(s.{column})")
            }
            Some(column) => format!("s.{column}::pg_catalog.text"),
        }
    }
}

/// A template with its `{places}` filled in. What is filled in is not looked at again: a column's name may have braces.
fn filled(template: &str, values: &[(&str, &str)]) -> String {
    let mut parts = template.split('{');
    let mut sql = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (place, rest) = part.split_once('}').unwrap_or((part, ""));
        let value = values.iter().find(|(name, _)| *name == place).map(|(_, value)| *value);
        sql.push_str(value.unwrap_or_else(|| unreachable!("a template with a place {{{place}}}")));
        sql.push_str(rest);
    }
    sql
}
