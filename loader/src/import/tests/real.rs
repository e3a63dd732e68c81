//! Real files, where they are there.

use super::*;

#[test]
fn a_session_of_the_contest_is_imported_by_its_preset() {
    let Some(folder) = shared_data("a_session_of_the_contest") else {
        return;
    };
    let document = Some(folder.join("bot_or_not/session1.json"));
    let imported = import(ImportParams { document, ..ImportParams::new(ImportFormat::BotOrNot) }).unwrap();
    let is_bot = |account: &&AccountRecord| account.label.as_ref().unwrap().is_bot;
    assert_eq!(imported.accounts.len(), 262);
    assert_eq!(imported.accounts.iter().filter(is_bot).count(), 54);
    assert_eq!(imported.activity.len(), 6_645);
    assert!(imported.activity.iter().all(|activity| activity.action == "post"));
    assert_eq!(imported.activity[0].occurred_at, MOMENT);
    assert_eq!(imported.summary.accounts_from_activity, 0);
    assert_eq!(imported.summary.labels_without_account, 0);
    assert_eq!(imported.summary.never_found, []);
}

#[test]
fn a_wide_table_of_accounts_is_imported_by_a_mapping() {
    let Some(folder) = shared_data("a_wide_table_of_accounts") else {
        return;
    };
    let accounts = import(ImportParams {
        accounts: Some(folder.join("instagram/train.csv")),
        map: owned(&["key=@record"]),
        ..ImportParams::new(ImportFormat::Csv)
    })
    .unwrap()
    .accounts;
    assert_eq!(accounts.len(), 576);
    assert_eq!(accounts[0].followers, Some(1_000));
    assert_eq!(accounts[0].has_avatar, Some(true));
    assert_eq!(accounts.iter().filter(|account| account.label.as_ref().unwrap().is_bot).count(), 288);
}
