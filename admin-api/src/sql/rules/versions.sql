-- $1 text: detector. $2 text: name. $3 integer: only versions before this one, if any. $4 bigint: how many.
SELECT to_jsonb(v) FROM botdet.rule_version v
WHERE v.detector = $1 AND v.name = $2 AND ($3::integer IS NULL OR v.version < $3)
ORDER BY v.version DESC
LIMIT $4
