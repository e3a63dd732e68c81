//! Load for a few seconds; `make bench PARTS=service` does the same for longer.

use std::time::Duration;

use botdet_tests::load::Load;
use botdet_tests::population::ACCOUNTS;
use botdet_tests::{Sql, TestDatabase};

use crate::support::Served;

#[test]
fn versions_are_switched_under_mixed_load_without_a_server_error() {
    let served = Served::new(TestDatabase::populated("load"), &["--rate", "100000", "--burst", "100000"]);
    let versions: Vec<String> = served.database.connect().column(
        "SELECT version FROM botdet.model_versions WHERE detector = 'account' ORDER BY is_champion",
        &[],
    );
    let load = Load {
        address: served.service.address,
        token: served.token("anna", "botdet_admin"),
        accounts: ACCOUNTS.into(),
        clients: 4,
        duration: Duration::from_secs(8),
        between_switches: Duration::from_secs(1),
        versions: versions.try_into().expect("there are two versions"),
    };
    let outcome = load.run();
    assert_eq!((outcome.failures(), outcome.refusals()), (0, 0), "{}", outcome.table());
    assert!(outcome.switches >= 5 && outcome.count() > 100, "{}", outcome.table());
}
