-- $1 text: detector. $2 date: first day. $3 date: last day. $4 text: kind of slice. $5 text: version, or an alias.
SELECT to_jsonb(f) FROM botdet.feature_drift f
WHERE f.detector = $1::text AND f.day BETWEEN $2::date AND $3::date AND f.slice_by = $4::text AND $5::text IN (f.version, f.alias)
ORDER BY f.day DESC, f.slice, f.psi DESC NULLS LAST, f.feature
