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
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("botdet-test-{}-{count}", std::process::id()));
        let account = Account::of_the_server();
        fs::create_dir(&directory).expect("a directory can be made");
        account.own(&directory);
        let data = directory.join("data");
        programs::output(
            account
                .command(&programs::directory().join("initdb"))
                .args(["--username=postgres", "--auth=trust", "--locale=C.UTF-8", "--encoding=UTF8"])
                .args(["--no-sync", "--no-instructions", "--pgdata"])
                .arg(&data),
        );
        let lines = format!(
            "listen_addresses = ''\nunix_socket_directories = '{}'\nfsync = off\nshared_buffers = 16MB
             max_connections = 20\nlog_line_prefix = '%b: '\n{settings}\n",
            directory.display()
        );
        let configuration = fs::OpenOptions::new().append(true).open(data.join("postgresql.conf"));
        let mut configuration = configuration.expect("initdb has made a configuration");
        configuration.write_all(lines.as_bytes()).expect("settings can be written");
        let log = fs::File::create(directory.join("log")).expect("a log can be made");
        let program = account.directory.join("postgres");
        let process = account
            .command(&program)
            .arg("-D")
            .arg(&data)
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| unreachable!("cannot run {}: {error}", program.display()));
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
