//! A database per test, cloned from a template that has the extension.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use postgres::{Client, Config};

use crate::server;
use crate::sql::Sql;

/// Names of templates and test databases begin with this.
pub(crate) const PREFIX: &str = "botdet_test";
/// A database of a test's own with the extension in it, dropped with the value.
pub struct TestDatabase {
    name: String,
    roles: Vec<String>,
}

impl TestDatabase {
    /// An empty database with the extension. The hint shows up in its name.
    #[must_use]
    pub fn new(hint: &str) -> Self {
        Self::create(hint, &format!("TEMPLATE {}", extension_template()))
    }

    /// A database without the extension, made with these options of `CREATE DATABASE`.
    #[must_use]
    pub fn bare(hint: &str, options: &str) -> Self {
        Self::create(hint, options)
    }

    /// A database with the simulated accounts of [`crate::population`], and the model registered and active.
    #[must_use]
    pub fn populated(hint: &str) -> Self {
        Self::create(hint, &format!("TEMPLATE {}", crate::population::template_name()))
    }

    pub(crate) fn create(hint: &str, options: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}_{}_{count}_{hint}", std::process::id());
        server::connect("postgres").run(&format!("CREATE DATABASE {name} {options}"));
        Self { name, roles: Vec::new() }
    }

    /// Connects as the user `DATABASE_URL` names.
    #[must_use]
    pub fn connect(&self) -> Client {
        server::connect(&self.name)
    }

    /// Makes a role without any privilege, dropped with the database, and returns its name.
    pub fn role(&mut self, hint: &str) -> String {
        let role = format!("{}_{hint}", self.name);
        server::connect("postgres").run(&format!("CREATE ROLE {role} LOGIN"));
        self.roles.push(role.clone());
        role
    }

    /// Connects as a role.
    #[must_use]
    pub fn connect_as(&self, role: &str) -> Client {
        server::connect_with(self.config().user(role))
    }

    /// Connection settings.
    #[must_use]
    pub fn config(&self) -> Config {
        let mut config = server::config();
        config.dbname(&self.name);
        config
    }

    /// The database's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let mut client = server::connect("postgres");
        let dropped = client.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        let roles =
            self.roles.iter().map(|role| client.batch_execute(&format!("DROP ROLE IF EXISTS {role}")));
        for result in std::iter::once(dropped).chain(roles.collect::<Vec<_>>()) {
            // A second panic while one unwinds would end the program.
            if let Err(error) = result {
                eprintln!("could not clean up {}: {error}", self.name);
            }
        }
    }
}

/// Name of the template with the extension and nothing else.
pub(crate) fn extension_template() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        template("extension", &installed_checksum(), |name| {
            let mut client = server::connect("postgres");
            client.run(&format!("CREATE DATABASE {name}"));
            server::connect(name).run("CREATE EXTENSION botdet");
        })
    })
}

/// Checksum, shortened, of the extension that the server has installed: SQL and library.
pub(crate) fn installed_checksum() -> String {
    server::connect("postgres").value(
        "SELECT left(md5(string_agg(md5(pg_read_binary_file(file)), '' ORDER BY file)), 12)
         FROM pg_config AS s (name, directory),
              pg_available_extensions AS e (extension, default_version),
              LATERAL (VALUES (directory || '/extension/botdet--' || default_version || '.sql', 'SHAREDIR'),
                              (directory || '/botdet.so', 'PKGLIBDIR')) AS f (file, belongs_to)
         WHERE s.name = f.belongs_to AND e.extension = 'botdet'",
        &[],
    )
}

/// The template of this kind for a checksum, made by `make` if it is not there. One process makes it, others wait.
pub(crate) fn template(kind: &str, checksum: &str, make: impl FnOnce(&str)) -> String {
    let name = format!("{PREFIX}_template_{kind}_{checksum}");
    let mut client = server::connect("postgres");
    // A lock per kind: making one template may take another.
    client.run(&format!("SELECT pg_advisory_lock(hashtextextended('{PREFIX}_template_{kind}', 0))"));
    let there: bool = client.value("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", &[&name]);
    if !there {
        drop_left_over(&mut client);
        // Under another name until it is whole: what an interrupted run leaves is never cloned.
        let unfinished = format!("{name}_new");
        client.run(&format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)"));
        make(&unfinished);
        client.run(&format!("ALTER DATABASE {unfinished} RENAME TO {name}"));
        client.run(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
    }
    name
}

/// Drops what runs of other builds, and runs that were killed, have left behind. What is younger than an hour, or made of the
/// installed extension, may be in use.
fn drop_left_over(client: &mut Client) {
    let old: Vec<String> = client.column(
        "SELECT datname::text FROM pg_database
         WHERE starts_with(datname, $1) AND datname <> $2
           AND (pg_stat_file('base/' || oid || '/PG_VERSION', true)).modification < now() - interval '1 hour'",
        &[&format!("{PREFIX}_"), &format!("{PREFIX}_template_extension_{}", installed_checksum())],
    );
    for name in old {
        client.run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
    }
}
