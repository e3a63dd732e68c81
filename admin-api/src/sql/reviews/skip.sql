-- $1 bigint: review. $2 text: note.
SELECT botdet_skip_review($1::bigint, $2::text)
