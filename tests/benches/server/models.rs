//! Accounts to call functions for, and models to call them with.

use botdet_loader::training::fit::TreeKind;
use botdet_tests::model::{Size, trained};
use botdet_tests::population::{load, simulate};
use botdet_tests::{Sql, TestDatabase};

pub const ACCOUNTS: u32 = 1_000;
const DAYS: u32 = 18;
/// As `botdet train` trains by default, but for the number of epochs, which changes no figure here.
const MODEL: Size = Size { epochs: 1, hidden: 64, layers: 2, trees: TreeKind::Boosting };

/// A database with simulated accounts, and both models registered.
pub struct Models {
    pub database: TestDatabase,
    rows: u64,
    pub full: Vec<u8>,
    pub filter: Vec<u8>,
    /// Filter and trees.
    pub trees: Vec<u8>,
}

impl Models {
    pub fn trained() -> Self {
        let database = TestDatabase::new("bench");
        let mut client = database.connect();
        client.run("UPDATE botdet.detector SET insert_mode = 'off'");
        let rows = load(&mut client, &simulate(ACCOUNTS, DAYS));
        let full = trained(&mut client, MODEL);
        let filter = trained(&mut client, Size { epochs: 0, trees: TreeKind::None, ..MODEL });
        let trees = trained(&mut client, Size { epochs: 0, ..MODEL });
        client.run("VACUUM ANALYZE");
        Self { database, rows, full, filter, trees }
    }

    /// The machine, and what is measured on it.
    pub fn heading(&self) -> String {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let processor =
            processor.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
        let version: String = self.database.connect().value("SHOW server_version", &[]);
        format!(
            "{cores} cores, {}; PostgreSQL {version}\ncalls: {} rows of {ACCOUNTS} accounts; sequence model {} wide, {} layers, {} kB",
            processor.unwrap_or("processor unknown"),
            self.rows,
            MODEL.hidden,
            MODEL.layers,
            self.full.len() / 1024
        )
    }
}
