//! The command `botdet-admin-api token`.

use chrono::{DateTime, Utc};
use deadpool_postgres::Pool;
use tokio_postgres::Row;

use crate::config::TokenCommand;
use crate::error::ApiError;

const CREATE: &str = include_str!("sql/service/create_token.sql");
const REVOKE: &str = include_str!("sql/service/revoke_token.sql");
const LIST: &str = include_str!("sql/service/tokens.sql");

/// Does what the command says; returns what to print.
pub async fn run(pool: &Pool, command: TokenCommand) -> Result<String, ApiError> {
    let client = pool.get().await?;
    match command {
        TokenCommand::Create { holder, role, days, note } => {
            let row = client.query_one(CREATE, &[&holder, &role.to_string(), &days, &note]).await?;
            let (id, token, expires): (i64, String, DateTime<Utc>) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            // The token alone goes to standard output, where a script takes it from.
            eprintln!(
                "token {id} of {holder} holds until {}; it is not shown again",
                expires.format("%F %T UTC")
            );
            Ok(token)
        }
        TokenCommand::List => {
            let lines: Result<Vec<_>, _> = client.query(LIST, &[]).await?.iter().map(line).collect();
            Ok(lines?.join("\n"))
        }
        TokenCommand::Revoke { token_id } => {
            let was_revoked: bool = client.query_one(REVOKE, &[&token_id]).await?.try_get(0)?;
            if !was_revoked {
                return Err(ApiError::Missing(format!("there is no token {token_id} that holds")));
            }
            Ok(format!("token {token_id} is revoked"))
        }
    }
}

fn line(row: &Row) -> Result<String, tokio_postgres::Error> {
    let expires: DateTime<Utc> = row.try_get("expires_at")?;
    let note: Option<String> = row.try_get("note")?;
    Ok(format!(
        "{:>6}  {:<8}  {:<16}  until {}  {}  (by {}){}",
        row.try_get::<_, i64>("token_id")?,
        row.try_get::<_, &str>("state")?,
        row.try_get::<_, &str>("role")?,
        expires.format("%F"),
        row.try_get::<_, &str>("holder")?,
        row.try_get::<_, &str>("created_by")?,
        note.map(|note| format!(": {note}")).unwrap_or_default(),
    ))
}
