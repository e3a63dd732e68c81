-- $1 text: detector. $2 date: first day. $3 date: last day. $4 text: kind of slice. $5 text: version, or an alias.
SELECT to_jsonb(e) FROM botdet.estimated_performance e
WHERE e.detector = $1::text AND e.day BETWEEN $2::date AND $3::date AND e.slice_by = $4::text AND $5::text IN (e.version, e.alias)
ORDER BY e.day DESC, e.slice
