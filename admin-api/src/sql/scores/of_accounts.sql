-- $1 bigint[]: accounts. As many rows as there are accounts, in their order.
SELECT to_jsonb(s) FROM botdet_score_batch($1::bigint[]) WITH ORDINALITY AS s ORDER BY s.ordinality
