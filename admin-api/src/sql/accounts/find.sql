-- $1 text: number, key or username of an account. Numbers come first: they are what pages show. Nobody's name is looked for who has a key.
SELECT a.account_id FROM (
    SELECT account_id FROM botdet.account
    WHERE account_id = CASE WHEN $1::text ~ '^-?[0-9]{1,18}$' THEN $1::text::bigint END
    UNION ALL
    SELECT account_id FROM botdet.account WHERE account_key = $1::text
    UNION ALL
    SELECT account_id FROM botdet.account WHERE username = $1::text
) AS a
LIMIT 1
