//! Webhooks: what waits in `botdet.webhook_delivery` is posted, signed as Standard Webhooks are (standardwebhooks.com), again and again
//! until it is taken or given up, which the database decides.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use deadpool_postgres::Pool;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use tokio::sync::watch;
use tokio_postgres::Row;
use ureq::Agent;

use crate::error::ApiError;

const TAKE: &str = include_str!("sql/webhooks/take.sql");
const END: &str = include_str!("sql/webhooks/end.sql");
/// How often what waits is looked at.
const INTERVAL: Duration = Duration::from_secs(2);
/// Limit of one attempt.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Deliveries that are under way at a time.
const AT_ONCE: i32 = 8;

/// What is to be sent, and where.
#[derive(Debug, Clone)]
struct Delivery {
    delivery_id: i64,
    attempt: i32,
    url: String,
    secret: String,
    body: String,
}

impl Delivery {
    fn of(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            delivery_id: row.try_get(0)?,
            attempt: row.try_get(1)?,
            url: row.try_get(2)?,
            secret: row.try_get(3)?,
            body: row.try_get(4)?,
        })
    }
}

/// Sends what waits until the service stops. What is under way then is sent again by whoever comes next.
pub async fn deliver(pool: Pool, mut stopping: watch::Receiver<bool>) {
    let agent = agent();
    loop {
        match send_some(&pool, &agent).await {
            Ok(0) => {}
            Ok(_) => continue,
            // Requests say so, too, and louder.
            Err(error) => tracing::debug!(%error, "webhooks are not looked at"),
        }
        tokio::select! {
            _ = stopping.wait_for(|is_stopping| *is_stopping) => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

/// A redirect could lead anywhere, with a body that was meant for somebody: it counts as a refusal.
fn agent() -> Agent {
    let config = Agent::config_builder();
    config.timeout_global(Some(TIMEOUT)).max_redirects(0).http_status_as_error(false).build().into()
}

async fn send_some(pool: &Pool, agent: &Agent) -> Result<usize, ApiError> {
    let rows = pool.get().await?.query(TAKE, &[&AT_ONCE]).await?;
    let mut under_way = Vec::new();
    for row in &rows {
        let (delivery, agent) = (Delivery::of(row)?, agent.clone());
        under_way.push(tokio::task::spawn_blocking(move || {
            let answer = send(&agent, &delivery, chrono::Utc::now().timestamp());
            (delivery, answer)
        }));
    }
    for sent in under_way {
        let (Delivery { delivery_id, attempt, .. }, answer) =
            sent.await.map_err(|_| ApiError::Internal("a delivery broke off"))?;
        let (status, error) = match answer {
            Ok(status) => (Some(i32::from(status)), None),
            Err(error) => (None, Some(error.to_string())),
        };
        tracing::info!(delivery_id, attempt, status, error, "webhook");
        pool.get().await?.execute(END, &[&delivery_id, &attempt, &status, &error]).await?;
    }
    Ok(rows.len())
}

/// One attempt; the status of the answer, whatever it is.
fn send(agent: &Agent, delivery: &Delivery, at: i64) -> Result<u16, ureq::Error> {
    let id = format!("msg_{}", delivery.delivery_id);
    let answer = agent
        .post(&delivery.url)
        .header("content-type", "application/json")
        .header("user-agent", concat!("botdet/", env!("CARGO_PKG_VERSION")))
        .header("webhook-id", &id)
        .header("webhook-timestamp", at.to_string())
        .header("webhook-signature", signature(&delivery.secret, &id, at, &delivery.body))
        .send(delivery.body.as_str())?;
    Ok(answer.status().as_u16())
}

/// `v1,` and the HMAC-SHA256 of id, timestamp and body, joined by dots: neither can be changed, and an old message cannot be sent as a new
/// one. A secret that is not in base64 is taken as it is.
fn signature(secret: &str, id: &str, at: i64, body: &str) -> String {
    let secret = secret.strip_prefix("whsec_").unwrap_or(secret);
    let key = STANDARD.decode(secret).unwrap_or_else(|_| secret.as_bytes().to_vec());
    let mut hmac = <Hmac<Sha256> as hmac::digest::KeyInit>::new_from_slice(&key)
        .unwrap_or_else(|_| unreachable!("a key of any length is taken"));
    hmac.update(format!("{id}.{at}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(hmac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification, as its reference libraries sign it.
    #[test]
    fn the_signature_is_that_of_standard_webhooks() {
        let signed = signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
