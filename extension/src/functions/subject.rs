//! Whom a call asks about, by whichever key.

use crate::error::Error;
use crate::postgres::call::Call;
use crate::store::accounts::{self, Account};

/// The account that the first argument names, as it is now.
pub struct Subject {
    /// Its number: the one that was asked for, or the one that its key has; `None` where a key has none (yet).
    pub account_id: Option<i64>,
    /// What is known of it; `None` when nothing is.
    pub account: Option<Account>,
}

impl Subject {
    pub fn by_number(call: &Call) -> Result<Self, Error> {
        let account_id = call.bigint(0);
        Ok(Self { account_id: Some(account_id), account: accounts::load_one(account_id, i64::MAX)? })
    }

    pub fn by_name(call: &Call) -> Result<Self, Error> {
        Self::named(&call.text(0).unwrap_or_default())
    }

    pub fn by_uuid(call: &Call) -> Result<Self, Error> {
        Self::named(&call.uuid(0))
    }

    fn named(name: &str) -> Result<Self, Error> {
        let account = accounts::load_named(name, i64::MAX)?;
        let account_id = account.as_ref().map(|account| account.account_id).filter(|number| *number != 0);
        Ok(Self { account_id, account })
    }
}
