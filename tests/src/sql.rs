//! Talking SQL with few words: a statement that should work and does not fails the test with the server's message.

use std::fmt::Display;

use postgres::types::{FromSqlOwned, ToSql};
use postgres::{Client, GenericClient, NoTls};

type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// What the server said when it refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// SQLSTATE.
    pub code: String,
    /// The message.
    pub message: String,
    /// The hint; empty without one.
    pub hint: String,
}

impl Refusal {
    /// What the server said, or that it went away.
    #[must_use]
    pub fn of(error: &postgres::Error) -> Self {
        match error.as_db_error() {
            Some(error) => Self {
                code: error.code().code().to_owned(),
                message: error.message().to_owned(),
                hint: error.hint().unwrap_or_default().to_owned(),
            },
            None => Self { code: "connection".to_owned(), message: error.to_string(), hint: String::new() },
        }
    }
}

/// Shorthands on clients and transactions.
pub trait Sql {
    /// Runs statements.
    fn run(&mut self, sql: &str);
    /// Runs one statement with parameters; returns the rows it touched.
    fn change(&mut self, sql: &str, parameters: Parameters<'_>) -> u64;
    /// The only value of the only row.
    fn value<T: FromSqlOwned>(&mut self, sql: &str, parameters: Parameters<'_>) -> T;
    /// The first column.
    fn column<T: FromSqlOwned>(&mut self, sql: &str, parameters: Parameters<'_>) -> Vec<T>;
    /// Runs statements that must be refused.
    fn refused(&mut self, sql: &str) -> Refusal;
    /// Runs one statement with parameters that must be refused.
    fn refused_with(&mut self, sql: &str, parameters: Parameters<'_>) -> Refusal;
}

impl<C: GenericClient> Sql for C {
    fn run(&mut self, sql: &str) {
        expect(self.batch_execute(sql), sql);
    }

    fn change(&mut self, sql: &str, parameters: Parameters<'_>) -> u64 {
        expect(self.execute(sql, parameters), sql)
    }

    fn value<T: FromSqlOwned>(&mut self, sql: &str, parameters: Parameters<'_>) -> T {
        expect(self.query_one(sql, parameters), sql).get(0)
    }

    fn column<T: FromSqlOwned>(&mut self, sql: &str, parameters: Parameters<'_>) -> Vec<T> {
        let rows = expect(self.query(sql, parameters), sql);
        rows.iter().map(|row| row.get(0)).collect()
    }

    fn refused(&mut self, sql: &str) -> Refusal {
        refusal(self.batch_execute(sql), sql)
    }

    fn refused_with(&mut self, sql: &str, parameters: Parameters<'_>) -> Refusal {
        refusal(self.query(sql, parameters), sql)
    }
}

fn expect<T>(result: Result<T, postgres::Error>, sql: &str) -> T {
    result.unwrap_or_else(|error| {
        let refusal = Refusal::of(&error);
        unreachable!("{} {}\n{}", refusal.code, refusal.message, head(sql))
    })
}

fn refusal<T>(result: Result<T, postgres::Error>, sql: &str) -> Refusal {
    match result {
        Ok(_) => unreachable!("this should have been refused:\n{}", head(sql)),
        Err(error) => Refusal::of(&error),
    }
}

fn head(sql: &str) -> impl Display {
    sql.chars().take(2_000).collect::<String>()
}

/// Process of a session on the server.
#[must_use]
pub fn process(client: &mut Client) -> i32 {
    client.value("SELECT pg_backend_pid()", &[])
}

/// A handle that cancels what a session runs.
pub fn canceller(client: &Client) -> impl FnOnce() + Send + use<> {
    let token = client.cancel_token();
    move || {
        // The server may have been done before.
        let _ = token.cancel_query(NoTls);
    }
}
