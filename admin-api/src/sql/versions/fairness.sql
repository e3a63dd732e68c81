-- $1 text: detector. $2 text: kind of slice.
SELECT to_jsonb(f) FROM botdet.fairness f
WHERE f.detector = $1::text AND f.slice_by IN ('all', $2::text)
ORDER BY f.model_version, f.slice_by <> 'all', f.accounts DESC, f.slice
