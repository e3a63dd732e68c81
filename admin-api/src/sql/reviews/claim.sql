-- $1 integer: how many. $2 double precision: seconds of the lease. $3 text: detector; NULL for all.
SELECT to_jsonb(r) - 'not_by' - 'propensity'
FROM botdet_claim_review($1::integer, make_interval(secs => $2::double precision), $3::text) AS r
