//! Partitions of sources: made, guarded, dropped, carried by dumps.

use std::thread;
use std::time::Duration;

use botdet_tests::activity::insert;
use botdet_tests::programs::{output, program};
use botdet_tests::{Sql, TestDatabase};

use crate::shop::{ACCOUNTS, REBUILD, Shop, create_partitions, partitions, told};
use crate::support::{assert_states_follow_rows, stored_states, wait_until};

#[test]
fn partitions_are_made_and_rows_move_into_them() {
    let database = TestDatabase::new("create_partitions");
    let mut client = database.connect();
    Shop::NUMBERED.create(&mut client, "bigint", "timestamptz");
    client.run(
        "CREATE TABLE fired (operation text);
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO fired VALUES (TG_OP); RETURN NULL; END $$;
         CREATE TRIGGER note AFTER INSERT OR DELETE ON shop.events FOR EACH ROW EXECUTE FUNCTION note();
         SET TimeZone = 'Asia/Tokyo'",
    );
    Shop::NUMBERED.fill(&mut client, ACCOUNTS, 1, 500);
    let rows = "SELECT md5(string_agg(e::text, ' ' ORDER BY n)) FROM shop.events e";
    let before: (String, _) = (client.value(rows, &[]), stored_states(&mut client));
    assert_eq!(create_partitions(&mut client), 4);
    assert_eq!(create_partitions(&mut client), 0, "they are there already");
    let after: (String, _) = (client.value(rows, &[]), stored_states(&mut client));
    assert_eq!(before, after);
    assert_eq!(
        client.value::<i64>("SELECT count(*) FROM fired", &[]),
        1500,
        "moving is neither inserting nor deleting"
    );
    assert_eq!(client.value::<i64>("SELECT count(*) FROM shop.others", &[]), 0);
    let misplaced: i64 = client.value(
        "SELECT count(*) FROM shop.events WHERE tableoid::regclass::text <> to_char(at AT TIME ZONE 'UTC', '\"shop.events_p\"YYYYMMDD')",
        &[],
    );
    assert_eq!(misplaced, 0);
    assert_states_follow_rows(&mut client);
    // From now on by default, in months, under the owner of the table.
    let made: Vec<String> = client.column(
        "SELECT partition_name FROM botdet_create_partitions('shop.events', '1 month', ahead => '40 days') ORDER BY 1",
        &[],
    );
    let expected: Vec<String> = client.column(
        "SELECT to_char(m, '\"shop.events_p\"YYYYMMDD')
         FROM generate_series(date_trunc('month', now() AT TIME ZONE 'UTC'), now() AT TIME ZONE 'UTC' + interval '40 days', '1 month') AS m",
        &[],
    );
    assert_eq!(made, expected);
    Shop::NUMBERED.fill(&mut client, ACCOUNTS, 501, 510);
    assert_states_follow_rows(&mut client);
    let hours: Vec<String> = client.column(
        "SELECT partition_name FROM botdet_create_partitions('shop.events', '6 hours', since => '2025-03-06 07:00+00',
             ahead => timestamptz '2025-03-06 13:00+00' - now())",
        &[],
    );
    assert_eq!(hours, ["shop.events_p20250306_060000", "shop.events_p20250306_120000"]);
}

/// Their names are cut where they would be too long, in bytes, and never in the part that tells them apart.
#[test]
fn partitions_of_tables_with_any_name_are_made() {
    let database = TestDatabase::new("partition_names");
    let mut client = database.connect();
    for table in [format!("\"My shop\".\"{}\"", "ü".repeat(31)), format!("\"My shop\".{}", "e".repeat(63))] {
        client.run(&format!(
            "CREATE SCHEMA IF NOT EXISTS \"My shop\";
             CREATE TABLE {table} (who bigint, at timestamptz) PARTITION BY RANGE (at);
             CREATE INDEX ON {table} (who, at);
             SELECT botdet_bind_source('{table}', 'who', 'at', shared => true)"
        ));
        let made: Vec<String> = client.column(
            &format!(
                "SELECT right(partition_name::regclass::text, 11)
                 FROM botdet_create_partitions('{table}', '1 day', ahead => timestamptz '2025-03-02 12:00+00' - now(),
                                               since => '2025-03-01 00:00+00')"
            ),
            &[],
        );
        let made: Vec<&str> = made.iter().map(|name| name.trim_end_matches('"')).collect();
        assert!(made[0].ends_with("_p20250301") && made[1].ends_with("_p20250302"), "{made:?}");
    }
}

#[test]
fn a_partition_that_is_not_archived_can_neither_be_dropped_nor_detached() {
    let mut database = TestDatabase::new("guard");
    let role = database.role("keeper");
    let mut client = database.connect();
    Shop::NUMBERED.create(&mut client, "bigint", "timestamptz");
    Shop::NUMBERED.fill(&mut client, ACCOUNTS, 1, 500);
    create_partitions(&mut client);
    client.run(&format!(
        "GRANT ALL ON SCHEMA shop TO {role}; ALTER TABLE shop.events OWNER TO {role};
         ALTER TABLE shop.events_p20250301 OWNER TO {role}; ALTER TABLE shop.events_p20250303 OWNER TO {role}"
    ));
    // Whoever owns the partition needs no right to anything of ours.
    let mut keeper = database.connect_as(&role);
    let drop = "DROP TABLE shop.events_p20250301";
    for sql in [
        drop,
        "DROP TABLE IF EXISTS shop.no_such_table, shop.events_p20250301 CASCADE",
        "ALTER TABLE shop.events DETACH PARTITION shop.events_p20250301",
        "SET search_path = shop; DROP TABLE events_p20250301",
        "DO $$ BEGIN EXECUTE 'DROP TABLE shop.events_p20250301'; END $$",
    ] {
        let refusal = keeper.refused(sql);
        assert_eq!(
            (refusal.code.as_str(), refusal.message.as_str()),
            ("55000", "shop.events_p20250301 has rows of account 1 that are not archived"),
            "{sql}"
        );
    }
    assert_eq!(keeper.refused("DROP TABLE shop.events_p20250302").code, "42501", "it is not theirs");
    assert_eq!(keeper.refused("DROP TABLE shop.nothing").code, "42P01");
    keeper.run("CREATE TABLE shop.mine (); ALTER TABLE shop.mine ADD a integer; DROP TABLE shop.mine");
    keeper.run("CREATE TABLE shop.parted (a integer) PARTITION BY LIST (a); CREATE TABLE shop.part PARTITION OF shop.parted DEFAULT;
                ALTER TABLE shop.parted DETACH PARTITION shop.part; DROP TABLE shop.part, shop.parted");
    // Archived, as before the maintenance of pg_partman, it goes as any other table; one row more, and it does not.
    client.run("CALL botdet_archive('shop.events', '2025-03-02')");
    let before = told(&mut client);
    client.run("INSERT INTO shop.events (who, at) VALUES (77, '2025-03-01 10:00+00')");
    assert_eq!(
        keeper.refused(drop).message,
        "shop.events_p20250301 has rows of account 77 that are not archived"
    );
    client.run("CALL botdet_archive('shop.events', '2025-03-02')");
    keeper.run(drop);
    client.run(REBUILD);
    assert_eq!(told(&mut client)[..3], before);
    assert_eq!(client.value::<f64>("SELECT event_count FROM botdet_features(77)", &[]), 1.0);
    // Concurrently is no way round it, where there is no default partition.
    client.run("DROP TABLE shop.others");
    let concurrently = "ALTER TABLE shop.events DETACH PARTITION shop.events_p20250302 CONCURRENTLY";
    assert_eq!(
        client.refused(concurrently).message,
        "shop.events_p20250302 has rows of account 1 that are not archived"
    );
    client.run("CALL botdet_archive('shop.events', '2025-03-03')");
    client.run(concurrently);
    client.run(REBUILD);
    assert_eq!(told(&mut client)[..3], before);
    // Whoever insists gets what is left.
    keeper.run("SET botdet.guard_partitions = off; DROP TABLE shop.events_p20250303");
    client.run(REBUILD);
    assert_ne!(told(&mut client)[..3], before);
}

#[test]
fn rows_that_come_while_partitions_are_dropped_are_not_lost() {
    let database = TestDatabase::new("drop_concurrently");
    let (mut client, mut other) = (database.connect(), database.connect());
    Shop::NUMBERED.create(&mut client, "bigint", "timestamptz");
    Shop::NUMBERED.fill(&mut client, ACCOUNTS, 1, 500);
    create_partitions(&mut client);
    // An account that the archive cannot know of yet.
    other.run("BEGIN; INSERT INTO shop.events (who, at) VALUES (77, '2025-03-01 10:00+00')");
    let dropping = thread::spawn(move || {
        client.run("CALL botdet_drop_partitions('shop.events', before => '2025-03-03')");
        client
    });
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'shop.events'::regclass";
    let mut observer = database.connect();
    wait_until("the drop waits", Duration::from_secs(20), || observer.value::<i64>(waits, &[]) > 0);
    other.run("COMMIT");
    let mut client = dropping.join().expect("it drops them");
    assert_eq!(partitions(&mut client), ["events_p20250303", "events_p20250304", "others"]);
    client.run(REBUILD);
    assert_eq!(client.value::<f64>("SELECT event_count FROM botdet_features(77)", &[]), 1.0);
    // Detached, a partition is a table of its own; in a transaction block all happens at once.
    client.run("BEGIN; CALL botdet_drop_partitions('shop.events', before => '2025-03-04', detach => true)");
    client.run("ROLLBACK");
    assert_eq!(partitions(&mut client).len(), 3);
    client.run("CALL botdet_drop_partitions('shop.events', older_than => now() - timestamptz '2025-03-04', detach => true)");
    assert_eq!(partitions(&mut client), ["events_p20250304", "others"]);
    assert!(client.value::<i64>("SELECT count(*) FROM shop.events_p20250303", &[]) > 0);
    let refusal = client.refused(
        "BEGIN ISOLATION LEVEL REPEATABLE READ; CALL botdet_drop_partitions('shop.events', '1 day')",
    );
    assert_eq!(refusal.code, "55000");
}

#[test]
fn a_dump_carries_archives_and_partitions() {
    let source = TestDatabase::new("dump_archive");
    let mut client = source.connect();
    Shop::NUMBERED.create(&mut client, "bigint", "timestamptz");
    Shop::NUMBERED.fill(&mut client, ACCOUNTS, 1, 500);
    client.run(&insert("ARRAY[5, 6]", 1, 300));
    create_partitions(&mut client);
    client.run("CALL botdet_archive('botdet.activity', '2025-03-02 07:00')");
    client.run("CALL botdet_drop_partitions('shop.events', before => '2025-03-02')");
    client.run("DELETE FROM botdet.activity WHERE occurred_at < '2025-03-02 07:00'");
    let expected = told(&mut client);
    let archives = "SELECT md5(string_agg(a::text, '' ORDER BY account_id)) FROM botdet.archived_state a";
    let file = std::env::temp_dir().join(format!("{}.dump", source.name()));
    output(program("pg_dump", &source).args(["--format=custom", "--file"]).arg(&file));
    for jobs in ["1", "3"] {
        let target = TestDatabase::bare("restore_archive", "TEMPLATE template0");
        let mut restore = program("pg_restore", &target);
        restore.args(["--exit-on-error", "--jobs", jobs, "--dbname", target.name()]).arg(&file);
        output(&mut restore);
        let mut restored = target.connect();
        assert_eq!(restored.value::<String>(archives, &[]), client.value::<String>(archives, &[]));
        assert_eq!(told(&mut restored), expected, "{jobs} jobs");
        restored.run(REBUILD);
        assert_eq!(told(&mut restored), expected, "{jobs} jobs, rebuilt");
        Shop::NUMBERED.fill(&mut restored, ACCOUNTS, 501, 510);
        assert_states_follow_rows(&mut restored);
    }
    std::fs::remove_file(&file).expect("the dump can be removed");
}
