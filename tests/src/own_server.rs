//! A server of a test's own, for what only the start of a server can set.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use postgres::{Client, Config, NoTls};

use crate::programs;
use crate::server;
use crate::sql::Sql;

/// How long it may take to start or stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server with the extension of the server under test, whose program and account it borrows. It ends with the value, or
/// with the thread that started it.
pub struct OwnServer {
    directory: PathBuf,
    process: Child,
}

impl OwnServer {
    /// Starts one, with these lines in its configuration.
    ///
    /// # Panics
    /// When the program cannot be run here.
    #[must_use]
    pub fn start(settings: &str) -> Self {
        let account = Account::of_the_server();
        let directory = own_directory(&account);
        let data = directory.join("data");
        programs::output(
            account
                .command(&programs::directory().join("initdb"))
                .args(["--username=postgres", "--auth=trust", "--locale=C.UTF-8", "--encoding=UTF8"])
                .args(["--no-sync", "--no-instructions", "--pgdata"])
                .arg(&data),
        );
        configure(
            &directory,
            &format!(
                "listen_addresses = ''\nfsync = off\nshared_buffers = 16MB\nmax_connections = 20
                 log_line_prefix = '%b: '\n{settings}\n"
            ),
        );
        Self::launch(&account, directory)
    }

    /// Starts a hot standby of it, which follows by streaming.
    ///
    /// # Panics
    /// When the server cannot be copied.
    #[must_use]
    pub fn standby(&self) -> Self {
        let account = Account::of_the_server();
        let directory = own_directory(&account);
        programs::output(
            account
                .command(&programs::directory().join("pg_basebackup"))
                .args([
                    "--username=postgres",
                    "--checkpoint=fast",
                    "--no-sync",
                    "--write-recovery-conf",
                    "--host",
                ])
                .arg(&self.directory)
                .arg("--pgdata")
                .arg(directory.join("data")),
        );
        configure(&directory, "");
        Self::launch(&account, directory)
    }

    fn launch(account: &Account, directory: PathBuf) -> Self {
        let process = account.postgres(&directory);
        let mut server = Self { directory, process };
        server.wait_until_ready();
        server
    }

    fn wait_until_ready(&mut self) {
        let started = Instant::now();
        while self.config("postgres").connect(NoTls).is_err() {
            let ended = self.process.try_wait().expect("the server can be looked at");
            assert!(ended.is_none() && started.elapsed() < PATIENCE, "no start:\n{}", self.log());
            sleep(Duration::from_millis(20));
        }
    }

    /// Connection settings.
    #[must_use]
    pub fn config(&self, database: &str) -> Config {
        let mut config = Config::new();
        config.host_path(&self.directory).user("postgres").dbname(database);
        config
    }

    /// Connects to a database of it.
    ///
    /// # Panics
    /// When it refuses.
    #[must_use]
    pub fn connect(&self, database: &str) -> Client {
        server::connect_with(&self.config(database))
    }

    /// What it has logged so far; each line begins with the kind of process that wrote it.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }

    /// Ends it as an administrator does, and returns how long that took.
    ///
    /// # Panics
    /// When it does not end well.
    pub fn stop(&mut self) -> Duration {
        let started = Instant::now();
        self.signal("INT");
        loop {
            match self.process.try_wait().expect("the server can be looked at") {
                Some(status) => {
                    assert!(status.success(), "{status}:\n{}", self.log());
                    return started.elapsed();
                }
                None => assert!(started.elapsed() < PATIENCE, "no end:\n{}", self.log()),
            }
            sleep(Duration::from_millis(5));
        }
    }

    /// Ends all of its processes at once with SIGKILL, so that nothing is written any more.
    ///
    /// # Panics
    /// When its processes cannot be found.
    pub fn kill(&mut self) {
        let id = self.process.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).expect("it runs");
        // The postmaster first: it would start others anew.
        self.signal("KILL");
        let children: Vec<&str> = children.split_whitespace().collect();
        let _ = Command::new("kill").arg("-KILL").args(&children).stderr(Stdio::null()).status();
        let _ = self.process.wait();
        // A server does not start while one of them still holds the shared memory.
        let started = Instant::now();
        while children.iter().any(|process| is_alive(process)) {
            assert!(started.elapsed() < PATIENCE, "processes do not end");
            sleep(Duration::from_millis(5));
        }
    }

    /// Starts it again on the data that there is.
    pub fn start_again(&mut self) {
        self.process = Account::of_the_server().postgres(&self.directory);
        self.wait_until_ready();
    }

    /// A program that comes with PostgreSQL, set to connect to a database of it.
    #[must_use]
    pub fn program(&self, name: &str, database: &str) -> Command {
        let mut command = Command::new(programs::directory().join(name));
        command.env("PGHOST", &self.directory).env("PGPORT", "5432");
        command.env("PGUSER", "postgres").env("PGDATABASE", database);
        command
    }

    fn signal(&self, name: &str) {
        let process = self.process.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &process]).stderr(Stdio::null()).status();
        assert!(sent.is_ok(), "there is no program kill");
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        if matches!(self.process.try_wait(), Ok(None)) {
            self.signal("QUIT");
            let _ = self.process.wait();
        }
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn own_directory(account: &Account) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let directory = std::env::temp_dir().join(format!("botdet-test-{}-{count}", std::process::id()));
    fs::create_dir(&directory).expect("a directory can be made");
    account.own(&directory);
    directory
}

/// Not so when nobody has asked yet how it ended.
fn is_alive(process: &str) -> bool {
    let state = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    state.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// Adds lines to the configuration, and where clients find the server.
fn configure(directory: &Path, lines: &str) {
    let configuration = fs::OpenOptions::new().append(true).open(directory.join("data/postgresql.conf"));
    let mut configuration = configuration.expect("there is a configuration");
    writeln!(configuration, "{lines}\nunix_socket_directories = '{}'", directory.display())
        .expect("settings can be written");
}

/// Whom the server under test runs as, and where its program lies. Root cannot run a server.
struct Account {
    user: u32,
    group: u32,
    directory: PathBuf,
}

impl Account {
    fn of_the_server() -> Self {
        let (data, directory): (String, String) = {
            let mut client = server::connect("postgres");
            (
                client.value("SELECT current_setting('data_directory')", &[]),
                client.value("SELECT setting FROM pg_config WHERE name = 'BINDIR'", &[]),
            )
        };
        let data = fs::metadata(&data).unwrap_or_else(|error| {
            unreachable!("a server of one's own needs the server under test on this machine: {data}: {error}")
        });
        Self { user: data.uid(), group: data.gid(), directory: PathBuf::from(directory) }
    }

    /// Starts a server on the data in a directory, and adds to the log there.
    fn postgres(&self, directory: &Path) -> Child {
        let log = fs::OpenOptions::new().create(true).append(true).open(directory.join("log"));
        let program = self.directory.join("postgres");
        self.command(&program)
            .arg("-D")
            .arg(directory.join("data"))
            .stderr(log.expect("a log can be made"))
            .spawn()
            .unwrap_or_else(|error| unreachable!("cannot run {}: {error}", program.display()))
    }

    fn own(&self, path: &Path) {
        chown(path, Some(self.user), Some(self.group)).expect("the server's account can be given a file");
    }

    /// A program run as this account, which ends with the thread that runs it.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command.arg("--pdeathsig=QUIT").current_dir("/").env_remove("DATABASE_URL");
        if fs::metadata("/proc/self").map(|own| own.uid()).ok() != Some(self.user) {
            command.args([format!("--reuid={}", self.user), format!("--regid={}", self.group)]);
            command.arg("--init-groups");
        }
        command.args(["--".as_ref(), program.as_os_str()]);
        command
    }
}
