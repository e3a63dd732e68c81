//! The roles belong to the whole server: what is there already, other databases, dumps.

use botdet_tests::{OwnServer, Sql};
use postgres::Client;

const ROLES: [&str; 5] =
    ["botdet_admin", "botdet_reader", "botdet_reviewer", "botdet_scorer", "botdet_service"];

fn roles(client: &mut Client) -> Vec<String> {
    client.column("SELECT rolname::text FROM pg_roles WHERE rolname ~ '^botdet_' ORDER BY 1", &[])
}

fn memberships(client: &mut Client) -> Vec<String> {
    client.column(
        "SELECT concat(r.rolname, ' > ', m.rolname) FROM pg_auth_members a
         JOIN pg_roles r ON r.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
         WHERE r.rolname ~ '^botdet_' AND m.rolname ~ '^botdet_' ORDER BY 1",
        &[],
    )
}

#[test]
fn a_second_database_uses_the_roles_and_the_last_one_leaves_them() {
    let server = OwnServer::start("");
    let mut first = server.connect("postgres");
    first.run("CREATE EXTENSION botdet; CREATE ROLE dashboard LOGIN; GRANT botdet_reader TO dashboard");
    assert_eq!(roles(&mut first), ROLES);
    let joined = [
        "botdet_admin > botdet_service",
        "botdet_reader > botdet_reviewer",
        "botdet_reader > botdet_scorer",
        "botdet_reviewer > botdet_admin",
        "botdet_scorer > botdet_admin",
    ];
    assert_eq!(memberships(&mut first), joined);
    let attributes: bool = first.value(
        "SELECT bool_or(rolcanlogin OR rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)
         FROM pg_roles WHERE rolname ~ '^botdet_'",
        &[],
    );
    assert!(!attributes);
    let described: i64 = first.value(
        "SELECT count(shobj_description(oid, 'pg_authid')) FROM pg_roles WHERE rolname ~ '^botdet_'",
        &[],
    );
    assert_eq!(described, 5);
    // A group that an administrator, who need not be a superuser, has filled meanwhile.
    first.run(
        "CREATE ROLE keeper LOGIN CREATEROLE; SET ROLE keeper; CREATE ROLE clerk; GRANT botdet_reviewer TO clerk; RESET ROLE",
    );
    first.run("CREATE DATABASE second");
    let mut second = server.connect("second");
    second.run("CREATE EXTENSION botdet");
    assert_eq!(memberships(&mut second), joined);
    let mut dashboard =
        server.config("second").user("dashboard").connect(postgres::NoTls).expect("it can log in");
    dashboard.run("SELECT * FROM botdet.score_daily_v1");
    second.run("DROP EXTENSION botdet");
    assert_eq!(roles(&mut second), ROLES);
    first.run("SELECT * FROM botdet.score_daily_v1; DROP EXTENSION botdet");
    first.run("DROP ROLE botdet_service, botdet_admin, botdet_scorer, botdet_reviewer, botdet_reader");
    first.run("CREATE EXTENSION botdet");
    assert_eq!(memberships(&mut first), joined);
}

#[test]
fn a_role_that_somebody_has_prepared_for_themselves_is_refused() {
    let server = OwnServer::start("");
    let mut owner = server.connect("postgres");
    owner.run("CREATE ROLE mallory LOGIN CREATEROLE; CREATE ROLE friend LOGIN");
    for (prepared, message) in [
        ("CREATE ROLE botdet_admin LOGIN", "role botdet_admin is there already, and is more than a group"),
        ("CREATE ROLE botdet_reader CREATEROLE", "role botdet_reader is there already, and is more than a group"),
        (
            "CREATE ROLE botdet_admin; GRANT botdet_admin TO mallory",
            "role botdet_admin is there already, and mallory is a member that no superuser has made one",
        ),
        (
            "CREATE ROLE botdet_scorer ROLE friend; COMMENT ON ROLE botdet_scorer IS 'that of the extension'",
            "role botdet_scorer is there already, and friend is a member that no superuser has made one",
        ),
        (
            "CREATE ROLE botdet_reader; CREATE ROLE botdet_scorer; CREATE ROLE botdet_reviewer; CREATE ROLE botdet_admin;
             GRANT botdet_reader TO botdet_scorer, botdet_reviewer; GRANT botdet_scorer, botdet_reviewer TO botdet_admin;
             CREATE ROLE botdet_service; GRANT botdet_admin TO botdet_service; GRANT botdet_service TO mallory",
            "is a member that no superuser has made one",
        ),
    ] {
        owner.run(&format!("SET SESSION AUTHORIZATION mallory; {prepared}; RESET SESSION AUTHORIZATION"));
        let refusal = owner.refused("CREATE EXTENSION botdet");
        assert_eq!(refusal.code, "42710", "{prepared}");
        assert!(refusal.message.contains(message), "{}", refusal.message);
        assert!(!refusal.hint.is_empty());
        for role in roles(&mut owner) {
            owner.run(&format!("DROP ROLE {role}"));
        }
    }
    // A superuser may prepare them, and plain ones without members are as good as ours.
    owner.run("CREATE ROLE botdet_reader; CREATE ROLE botdet_admin ROLE friend; CREATE EXTENSION botdet");
    assert_eq!(roles(&mut owner), ROLES);
    assert_eq!(memberships(&mut owner).len(), 5);
}
