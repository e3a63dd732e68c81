//! Rows of activity made by SQL alone: varied, the same in every run, and in time order.

/// A query for events number `first` to `last` of accounts `accounts` (an SQL expression of type `bigint[]`): account, time,
/// action, content, device and target, ordered by time. Event `n` of an account is some seven minutes after its event `n - 1`.
#[must_use]
pub fn events(accounts: &str, first: u32, last: u32) -> String {
    format!(
        "SELECT account_id,
                timestamptz '2025-03-01 00:00+00' + n * interval '7 minutes' + (n * 7919 % 271) * interval '1 second',
                (ARRAY['post', 'like', 'comment', 'view', 'repost', 'follow', 'share', 'login'])[1 + n * 5 % 8],
                CASE n % 3 WHEN 0 THEN NULL
                           WHEN 1 THEN 'message ' || n % 11 || ' of account ' || account_id || ' definately great'
                           ELSE 'Größe ☕ and news at https://example.org/' || n || ' for number ' || (n * account_id) % 23
                END,
                CASE WHEN n % 4 > 0 THEN 'phone-' || (n / 40) % 3 END,
                CASE WHEN n % 2 = 0 THEN 'post:' || n % 5 END
         FROM unnest({accounts}) AS a (account_id), generate_series({first}, {last}) AS e (n)
         ORDER BY n, account_id"
    )
}

/// The statement that inserts them.
#[must_use]
pub fn insert(accounts: &str, first: u32, last: u32) -> String {
    format!(
        "INSERT INTO botdet.activity (account_id, occurred_at, action, content, device, target) {}",
        events(accounts, first, last)
    )
}
