-- $1 bigint: review. $2 boolean: whether it is a bot. $3 text: reason. $4 text: note. $5 text: kind of bot.
SELECT botdet_decide_review($1::bigint, $2::boolean, $3::text, $4::text, $5::text)
