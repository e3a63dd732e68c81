//! How often somebody may ask: token buckets, which fill at a steady rate and hold a burst.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::config::LimitsConfig;
use crate::error::ApiError;

/// Buckets kept at most of each kind; those that are full again are forgotten first.
const BUCKETS: usize = 10_000;
/// Wrong tokens an address may show each second, and at once: enough for a client that was started with an old one.
const WRONG_TOKENS: (f64, f64) = (1.0, 20.0);

/// Who has asked how often.
pub struct Limits {
    callers: Buckets<Option<i64>>,
    strangers: Buckets<IpAddr>,
}

impl Limits {
    /// Full buckets.
    pub fn new(config: &LimitsConfig) -> Self {
        Self {
            callers: Buckets::new(f64::from(config.rate), f64::from(config.burst)),
            strangers: Buckets::new(WRONG_TOKENS.0, WRONG_TOKENS.1),
        }
    }

    /// Counts a request of a token's holder, or refuses it.
    pub fn count(&self, token_id: Option<i64>) -> Result<(), ApiError> {
        self.callers.take(token_id, 1.0, Instant::now())
    }

    /// Refuses an address that has shown too many wrong tokens, before the database is asked about another.
    pub fn admit(&self, address: IpAddr) -> Result<(), ApiError> {
        self.strangers.take(address, 0.0, Instant::now())
    }

    /// Counts a wrong token.
    pub fn count_wrong_token(&self, address: IpAddr) -> Result<(), ApiError> {
        self.strangers.take(address, 1.0, Instant::now())
    }
}

struct Bucket {
    filled: f64,
    at: Instant,
}

struct Buckets<K> {
    rate: f64,
    burst: f64,
    buckets: Mutex<HashMap<K, Bucket>>,
}

impl<K: Eq + Hash> Buckets<K> {
    fn new(rate: f64, burst: f64) -> Self {
        Self { rate, burst, buckets: Mutex::default() }
    }

    /// Takes so much, or says after how many seconds one would be there.
    fn take(&self, key: K, amount: f64, now: Instant) -> Result<(), ApiError> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS && !buckets.contains_key(&key) {
            self.forget_full(&mut buckets, now);
        }
        let bucket = buckets.entry(key).or_insert(Bucket { filled: self.burst, at: now });
        bucket.filled = self.level(bucket, now);
        bucket.at = now;
        if bucket.filled < 1.0 {
            let seconds = ((1.0 - bucket.filled) / self.rate).ceil().max(1.0);
            return Err(ApiError::TooManyRequests { retry_after: seconds as u64 });
        }
        bucket.filled -= amount;
        Ok(())
    }

    fn level(&self, bucket: &Bucket, now: Instant) -> f64 {
        let elapsed = now.saturating_duration_since(bucket.at).as_secs_f64();
        (bucket.filled + elapsed * self.rate).min(self.burst)
    }

    /// A full bucket says nothing that a new one would not. Where none is full, all are forgotten: memory stays bounded, and
    /// somebody gets a burst more.
    fn forget_full(&self, buckets: &mut HashMap<K, Bucket>, now: Instant) {
        buckets.retain(|_, bucket| self.level(bucket, now) < self.burst);
        if buckets.len() >= BUCKETS {
            buckets.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_is_allowed_and_then_the_rate() {
        let buckets = Buckets::new(2.0, 3.0);
        let begin = Instant::now();
        let allowed = |seconds: f64| buckets.take("a", 1.0, begin + Duration::from_secs_f64(seconds)).is_ok();
        assert_eq!([allowed(0.0), allowed(0.0), allowed(0.0), allowed(0.0)], [true, true, true, false]);
        assert_eq!([allowed(0.5), allowed(0.5)], [true, false]);
        assert!(buckets.take("b", 1.0, begin).is_ok(), "others have their own");
        let refused = buckets.take("a", 1.0, begin + Duration::from_secs_f64(0.6));
        assert!(matches!(refused, Err(ApiError::TooManyRequests { retry_after: 1 })));
    }

    #[test]
    fn memory_is_bounded() {
        let buckets = Buckets::new(1.0, 1.0);
        let begin = Instant::now();
        for key in 0..BUCKETS + 5 {
            assert!(buckets.take(key, 1.0, begin).is_ok());
        }
        assert!(buckets.buckets.lock().is_ok_and(|buckets| buckets.len() <= BUCKETS));
    }
}
