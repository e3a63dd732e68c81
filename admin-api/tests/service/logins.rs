//! What the compose file's scripts do to a fresh server: logins with passwords, and the hourly job.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use botdet_tests::programs::output;
use botdet_tests::{OwnServer, Sql};

use crate::support::root;

/// A copy of the compose file's own scripts, beside which secrets are made.
fn secrets() -> PathBuf {
    let directory = std::env::temp_dir().join(format!("botdet-secrets-{}", std::process::id()));
    fs::create_dir_all(directory.join("compose")).expect("there is room for temporary files");
    let script = directory.join("compose/secrets.sh");
    fs::copy(root().join("docker/compose/secrets.sh"), &script).expect("the script is there");
    let first = output(&mut Command::new(&script));
    assert_eq!(first.lines().count(), 5, "{first}");
    let password = fs::read_to_string(directory.join("secrets/service_password")).expect("it was made");
    assert!(password.len() == 48 && password.bytes().all(|byte| byte.is_ascii_hexdigit()), "{password}");
    assert_eq!(output(&mut Command::new(&script)), "", "what is there stays");
    let again = fs::read_to_string(directory.join("secrets/service_password")).expect("it is there");
    assert_eq!(password, again);
    let mode = fs::metadata(directory.join("secrets")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    directory.join("secrets")
}

#[test]
fn logins_have_the_passwords_that_are_mounted_and_no_more_rights_than_their_roles() {
    let server = OwnServer::start("");
    let mut owner = server.connect("postgres");
    let initialise = |file: &str, secrets: &str| {
        let mut psql = server.program("psql", "postgres");
        psql.args(["--no-psqlrc", "--set=ON_ERROR_STOP=1", "--file"])
            .arg(root().join("docker/initdb").join(file));
        output(psql.env("BOTDET_SECRETS", secrets))
    };
    initialise("10-botdet.sql", "/nonexistent");
    let logins = "SELECT concat_ws(' ', r.rolname, r.rolinherit, array_agg(g.rolname), left(a.rolpassword, 13))
                  FROM pg_roles r JOIN pg_auth_members m ON m.member = r.oid JOIN pg_roles g ON g.oid = m.roleid
                  JOIN pg_authid a ON a.oid = r.oid
                  WHERE r.rolcanlogin AND NOT r.rolsuper GROUP BY r.rolname, r.rolinherit, a.rolpassword ORDER BY 1";
    initialise("20-logins.sql", "/nonexistent");
    assert_eq!(
        owner.column::<String>(logins, &[]),
        Vec::<String>::new(),
        "nobody gets in without a password"
    );

    let secrets = secrets();
    let said = initialise("20-logins.sql", &secrets.display().to_string());
    assert_eq!(
        owner.column::<String>(logins, &[]),
        [
            "botdet_api f {botdet_service} SCRAM-SHA-256",
            "botdet_jobs t {botdet_scorer} SCRAM-SHA-256",
            "grafana t {botdet_reader} SCRAM-SHA-256"
        ]
    );
    let password = fs::read_to_string(secrets.join("service_password")).expect("it was made");
    assert!(!said.contains(&password));
    let mut grafana =
        server.config("postgres").user("grafana").connect(postgres::NoTls).expect("it may log in");
    assert_eq!(grafana.refused("CREATE TEMP TABLE t (x int)").code, "25006");
    assert_eq!(grafana.value::<String>("SHOW statement_timeout", &[]), "30s");

    owner.run("INSERT INTO botdet.account (account_key) VALUES ('one')");
    owner.run("INSERT INTO botdet.activity (account_id, occurred_at, action) SELECT account_id, now(), 'post' FROM botdet.account");
    owner.run("UPDATE botdet.score SET scored_at = now() - interval '3 hours'");
    // Where it finds the server is psql's to know.
    let mut job = Command::new("bash");
    for (name, value) in server.program("psql", "postgres").get_envs() {
        job.env(name, value.unwrap_or_default());
    }
    let mut job = job
        .arg(root().join("docker/compose/hourly.sh"))
        .env("PGUSER", "botdet_jobs")
        .env("BOTDET_SECRETS", &secrets)
        .spawn()
        .expect("bash starts");
    let begin = Instant::now();
    while owner.value::<i64>("SELECT count(*) FROM botdet.score_rollup", &[]) == 0 {
        assert!(begin.elapsed() < Duration::from_secs(30), "nothing is rolled up");
        std::thread::sleep(Duration::from_millis(50));
    }
    // It ends when it is told, and does not sleep its hour out.
    let told = Command::new("kill").args(["-TERM", &job.id().to_string()]).status();
    assert!(told.is_ok_and(|status| status.success()));
    assert!(job.wait().is_ok_and(|status| status.success()));
    assert!(begin.elapsed() < Duration::from_secs(40));
    let _ = fs::remove_dir_all(secrets.parent().unwrap_or(&secrets));
}
