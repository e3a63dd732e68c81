-- $1 bigint: account. $2 text: detector. $3 boolean: whether it is a bot. $4 text: kind of bot. $5 text: note.
INSERT INTO botdet.label AS l (account_id, detector, is_bot, strategy, note)
VALUES ($1::bigint, $2::text, $3::boolean, $4::text, $5::text)
ON CONFLICT (account_id, detector) DO UPDATE
    SET is_bot = excluded.is_bot, strategy = excluded.strategy, note = excluded.note
RETURNING to_jsonb(l)
