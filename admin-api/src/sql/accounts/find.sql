-- $1 text: number or key of an account. Numbers come first: they are what pages show.
SELECT a.account_id
FROM botdet.account a
WHERE a.account_key = $1::text OR a.account_id = CASE WHEN $1::text ~ '^-?[0-9]{1,18}$' THEN $1::text::bigint END
ORDER BY (a.account_key = $1::text)
LIMIT 1
