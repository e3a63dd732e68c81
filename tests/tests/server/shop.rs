//! A table of one's own in partitions, for tests that archive and drop them.

use std::sync::{Arc, Mutex};

use botdet_tests::activity::events;
use botdet_tests::{Sql, TestDatabase};
use postgres::{Client, NoTls};

pub const ACCOUNTS: &str = "ARRAY[1, 2, 3]";
/// Amid the events of [`events`].
pub const BOUNDARY: &str = "2025-03-02 00:00+00";
pub const REBUILD: &str = "UPDATE botdet.account_state SET stale = true; SELECT botdet_rebuild_state(account_id) FROM botdet.account_state";

/// A table in partitions of a day, bound as a source; accounts are called by `key`, an expression over `account_id`.
pub struct Shop {
    pub key: &'static str,
    pub moment: &'static str,
}

impl Shop {
    pub const NUMBERED: Self = Self { key: "account_id", moment: "occurred_at" };

    pub fn create(&self, client: &mut Client, key_type: &str, time_type: &str) {
        client.run(&format!(
            "CREATE SCHEMA shop;
             CREATE TABLE shop.events (n bigint GENERATED ALWAYS AS IDENTITY, who {key_type} NOT NULL, at {time_type} NOT NULL,
                 kind text DEFAULT 'like', body text, size integer GENERATED ALWAYS AS (length(body)) STORED)
                 PARTITION BY RANGE (at);
             CREATE INDEX ON shop.events (who, at);
             CREATE TABLE shop.others PARTITION OF shop.events DEFAULT;
             SELECT botdet_bind_source('shop.events', 'who', 'at', action => 'kind', content => 'body', \"position\" => 'n')"
        ));
    }

    pub fn fill(&self, client: &mut Client, accounts: &str, first: u32, last: u32) {
        client.run(&format!(
            "INSERT INTO shop.events (who, at, kind, body) SELECT {}, {}, action, content
             FROM ({}) AS e (account_id, occurred_at, action, content, device, target)",
            self.key,
            self.moment,
            events(accounts, first, last)
        ));
    }
}

/// Partitions of a day for the days of [`events`].
pub fn create_partitions(client: &mut Client) -> i64 {
    client.value(
        "SELECT count(*) FROM botdet_create_partitions('shop.events', '1 day', ahead => timestamptz '2025-03-05 00:00+00' - now(),
                                                       since => '2025-03-01 00:00+00')",
        &[],
    )
}

/// Partitions that are left, without the schema.
pub fn partitions(client: &mut Client) -> Vec<String> {
    client.column(
        "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'shop.events'::regclass ORDER BY 1",
        &[],
    )
}

/// What readers are told of every account that has a state.
pub fn told(client: &mut Client) -> Vec<String> {
    client.column(
        "SELECT concat_ws(' ', account_id, md5(botdet_account_state(account_id)), botdet_features(account_id))
         FROM botdet.account_state ORDER BY account_id",
        &[],
    )
}

/// A client, and the messages that the server sends it.
pub fn listening(database: &TestDatabase) -> (Client, Arc<Mutex<Vec<String>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let messages = Arc::clone(&heard);
    let mut config = database.config();
    config.notice_callback(move |notice| {
        messages.lock().expect("nobody panics here").push(format!(
            "{} {}",
            notice.severity(),
            notice.message()
        ));
    });
    (config.connect(NoTls).expect("the server can be reached"), heard)
}
