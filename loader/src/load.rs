//! Writing accounts and their activity into the database.

use std::collections::HashMap;

use postgres::binary_copy::BinaryCopyInWriter;
use postgres::types::Type;
use postgres::{Client, Transaction};

use crate::database::timestamp;
use crate::error::LoaderError;
use crate::records::{AccountRecord, ActivityRecord};

/// Numbers of accounts by the source's keys.
pub type AccountIds = HashMap<String, i64>;

/// A load in progress: one transaction, so that a source is there whole or not at all.
pub struct Load<'a> {
    transaction: Transaction<'a>,
    source: String,
}

impl<'a> Load<'a> {
    /// Begins to load a source.
    ///
    /// # Errors
    /// [`LoaderError::SourceExists`] when it has accounts already, unless `replace` deletes them first.
    pub fn begin(client: &'a mut Client, source: &str, replace: bool) -> Result<Self, LoaderError> {
        let mut transaction = client.transaction()?;
        if replace {
            let gone = transaction.query(include_str!("sql/delete_source.sql"), &[&source])?;
            let gone: Vec<i64> = gone.iter().map(|row| row.get(0)).collect();
            transaction.execute(include_str!("sql/delete_states.sql"), &[&gone])?;
        }
        if transaction.query_one(include_str!("sql/source_exists.sql"), &[&source])?.get(0) {
            return Err(LoaderError::SourceExists(source.to_owned()));
        }
        Ok(Self { transaction, source: source.to_owned() })
    }

    /// Writes accounts with their labels.
    ///
    /// # Errors
    /// Whatever the records or the server refuse; nothing is written then.
    pub fn accounts<E>(
        &mut self,
        accounts: impl Iterator<Item = Result<AccountRecord, E>>,
    ) -> Result<AccountIds, LoaderError>
    where
        LoaderError: From<E>,
    {
        const TYPES: [Type; 15] = [
            Type::TEXT,
            Type::TIMESTAMPTZ,
            Type::TEXT,
            Type::TEXT,
            Type::TEXT,
            Type::TEXT,
            Type::TEXT,
            Type::BOOL,
            Type::BOOL,
            Type::INT8,
            Type::INT8,
            Type::TEXT,
            Type::TEXT,
            Type::BOOL,
            Type::TEXT,
        ];
        self.transaction.batch_execute(include_str!("sql/stage_accounts.sql"))?;
        let writer = self.transaction.copy_in(include_str!("sql/copy_accounts.sql"))?;
        let mut writer = BinaryCopyInWriter::new(writer, &TYPES);
        for account in accounts {
            let account = account?;
            let created_at = account.created_at.map(timestamp).transpose()?;
            let (is_bot, strategy) = account.label.map(|label| (label.is_bot, label.strategy)).unzip();
            writer.write(&[
                &account.key,
                &created_at,
                &account.username,
                &account.display_name,
                &account.description,
                &account.location,
                &account.website,
                &account.has_avatar,
                &account.is_verified,
                &account.followers,
                &account.following,
                &account.language,
                &account.region,
                &is_bot,
                &strategy.flatten(),
            ])?;
        }
        writer.finish()?;
        if let Some(taken) = self.transaction.query_opt(include_str!("sql/taken_key.sql"), &[])? {
            return Err(LoaderError::KeyTaken { key: taken.get(0), of: taken.get(1) });
        }
        self.transaction.execute(include_str!("sql/advance_account_id.sql"), &[])?;
        let inserted = self.transaction.query(include_str!("sql/insert_accounts.sql"), &[&self.source])?;
        self.transaction.execute(include_str!("sql/insert_labels.sql"), &[&self.source])?;
        Ok(inserted.iter().map(|row| (row.get(1), row.get(0))).collect())
    }

    /// Writes activity; `progress` is told after each row. The insert trigger does its work at the end of the copy.
    ///
    /// # Errors
    /// Whatever the records or the server refuse; nothing is written then.
    pub fn activity<E>(
        &mut self,
        accounts: &AccountIds,
        activity: impl Iterator<Item = Result<ActivityRecord, E>>,
        progress: &mut dyn FnMut(),
    ) -> Result<u64, LoaderError>
    where
        LoaderError: From<E>,
    {
        const TYPES: [Type; 8] = [
            Type::INT8,
            Type::TIMESTAMPTZ,
            Type::TEXT,
            Type::TEXT,
            Type::TEXT,
            Type::INET,
            Type::TEXT,
            Type::TEXT,
        ];
        let writer = self.transaction.copy_in(include_str!("sql/copy_activity.sql"))?;
        let mut writer = BinaryCopyInWriter::new(writer, &TYPES);
        for event in activity {
            let event = event?;
            let Some(account_id) = accounts.get(&event.account_key) else {
                return Err(LoaderError::UnknownKey(event.account_key));
            };
            writer.write(&[
                account_id,
                &timestamp(event.occurred_at)?,
                &event.action,
                &event.content,
                &event.device,
                &event.ip,
                &event.target,
                &event.country,
            ])?;
            progress();
        }
        Ok(writer.finish()?)
    }

    /// Keeps what was written.
    ///
    /// # Errors
    /// [`LoaderError::Database`] when the commit fails.
    pub fn commit(self) -> Result<(), LoaderError> {
        Ok(self.transaction.commit()?)
    }
}
