-- One of each: an account with one event, scored by rules, and its label.
INSERT INTO botdet.account (account_key, username, created_at) VALUES ('one', 'one', now() - interval '1 day');
INSERT INTO botdet.activity (account_id, occurred_at, action) SELECT account_id, now(), 'post' FROM botdet.account;
INSERT INTO botdet.label (account_id, is_bot) SELECT account_id, false FROM botdet.account;
