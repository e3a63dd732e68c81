-- $1 text: detector. $2 date: first day. $3 date: last day. $4 text: kind of slice. $5 text: version, or an alias.
SELECT to_jsonb(p) FROM botdet.prediction_drift p
WHERE p.detector = $1::text AND p.day BETWEEN $2::date AND $3::date AND p.slice_by = $4::text AND $5::text IN (p.version, p.alias)
ORDER BY p.day DESC, p.slice
