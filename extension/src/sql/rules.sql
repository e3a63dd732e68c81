-- $1 detector. Its rules that are enabled.
SELECT r.name, r.version, r.condition, r.effect, r.weight, r.reason
FROM botdet.rule r
WHERE r.detector OPERATOR(pg_catalog.=) $1 AND r.enabled
