-- $1 text: detector. $2 bigint[]: numbers of what it judges. As many rows as there are numbers, in their order.
SELECT to_jsonb(botdet_score($1::text, n.number)) FROM unnest($2::bigint[]) WITH ORDINALITY AS n (number, place) ORDER BY n.place
