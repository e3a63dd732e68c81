-- $1 bigint: review. $2 text: note.
SELECT botdet_escalate_review($1::bigint, $2::text)
