-- What scoring costs.

CREATE FUNCTION botdet.model_statistics()
RETURNS TABLE (
    name text, calls bigint, rows bigint, errors bigint, timeouts bigint, total_ms double precision,
    p50_ms double precision, p95_ms double precision, p99_ms double precision,
    rules_rows bigint, filter_rows bigint, trees_rows bigint, sequence_rows bigint,
    embedded_rows bigint, onnxruntime_rows bigint, cuda_rows bigint, loads bigint, load_ms double precision
)
STRICT VOLATILE PARALLEL RESTRICTED COST 100 ROWS 8
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_model_statistics';
COMMENT ON FUNCTION botdet.model_statistics() IS 'counters of all backends of this database; read botdet.stat_models instead';

CREATE FUNCTION botdet.model_latencies()
RETURNS TABLE (name text, up_to_ms double precision, calls bigint)
STRICT VOLATILE PARALLEL RESTRICTED COST 100 ROWS 200
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_model_latencies';
COMMENT ON FUNCTION botdet.model_latencies() IS 'histograms of all backends of this database; read botdet.stat_model_latency instead';

CREATE FUNCTION botdet_reset_statistics()
RETURNS void
VOLATILE PARALLEL UNSAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_reset_statistics';
COMMENT ON FUNCTION botdet_reset_statistics() IS 'sets what botdet.stat_models counts in this database to 0';

CREATE VIEW botdet.stat_models WITH (security_invoker = true) AS
SELECT coalesce(v.detector, rtrim(s.name, ':'), s.name) AS detector, v.version, d.alias, s.calls, s.rows, s.errors, s.timeouts,
       s.total_ms, s.total_ms / nullif(s.calls - s.errors, bigint '0')::double precision AS mean_ms, s.p50_ms, s.p95_ms,
       s.p99_ms, s.rules_rows, s.filter_rows, s.trees_rows, s.sequence_rows,
       s.sequence_rows::double precision / nullif(s.rows, bigint '0')::double precision AS sequence_share,
       CASE greatest(s.embedded_rows, s.onnxruntime_rows, s.cuda_rows)
           WHEN bigint '0' THEN NULL WHEN s.cuda_rows THEN 'cuda' WHEN s.onnxruntime_rows THEN 'onnxruntime' ELSE 'embedded'
       END AS runtime,
       s.embedded_rows, s.onnxruntime_rows, s.cuda_rows, s.loads,
       s.load_ms / nullif(s.loads, bigint '0')::double precision AS mean_load_ms
FROM botdet.model_statistics() AS s
LEFT JOIN botdet.model_version v ON v.version = s.name
LEFT JOIN botdet.deployment d ON d.detector = v.detector AND d.model_version_id = v.model_version_id;
COMMENT ON VIEW botdet.stat_models IS
    'what scoring by each version, and by rules, has cost since botdet_reset_statistics(): all sessions of this database, parallel workers and queue workers included; a restart keeps the numbers, a copy of the server begins anew. 64 versions are counted; further ones are not until a reset';
COMMENT ON COLUMN botdet.stat_models.detector IS 'by which detector; the name of a version that is not registered any more';
COMMENT ON COLUMN botdet.stat_models.version IS 'by which version; NULL for rules';
COMMENT ON COLUMN botdet.stat_models.alias IS 'champion, challenger, or NULL';
COMMENT ON COLUMN botdet.stat_models.calls IS 'how often rows were scored: once for each batch of up to 256 accounts, 4,096 on a GPU';
COMMENT ON COLUMN botdet.stat_models.rows IS 'rows that were to be scored';
COMMENT ON COLUMN botdet.stat_models.errors IS 'calls that failed or were cancelled';
COMMENT ON COLUMN botdet.stat_models.timeouts IS 'calls among these that took longer than botdet.inference_timeout';
COMMENT ON COLUMN botdet.stat_models.total_ms IS 'time that calls without error took, ms: models alone, without reading accounts; with loading them where that had to be done';
COMMENT ON COLUMN botdet.stat_models.mean_ms IS 'mean time of a call without error, ms';
COMMENT ON COLUMN botdet.stat_models.p50_ms IS 'median time of a call, ms; within a bucket of the histogram, times are taken to be spread evenly';
COMMENT ON COLUMN botdet.stat_models.p95_ms IS 'time that 95 % of the calls took at most, ms';
COMMENT ON COLUMN botdet.stat_models.p99_ms IS 'time that 99 % of the calls took at most, ms';
COMMENT ON COLUMN botdet.stat_models.rules_rows IS 'rows that rules decided';
COMMENT ON COLUMN botdet.stat_models.filter_rows IS 'rows that the filter decided';
COMMENT ON COLUMN botdet.stat_models.trees_rows IS 'rows that the trees decided';
COMMENT ON COLUMN botdet.stat_models.sequence_rows IS 'rows that the sequence model decided';
COMMENT ON COLUMN botdet.stat_models.sequence_share IS 'share of the rows that the sequence model decided, 0 to 1';
COMMENT ON COLUMN botdet.stat_models.runtime IS 'what ran the sequence model for most of these: embedded, onnxruntime or cuda';
COMMENT ON COLUMN botdet.stat_models.embedded_rows IS 'of these, rows by the embedded runtime';
COMMENT ON COLUMN botdet.stat_models.onnxruntime_rows IS 'of these, rows by ONNX Runtime on the CPU';
COMMENT ON COLUMN botdet.stat_models.cuda_rows IS 'of these, rows by ONNX Runtime on a GPU';
COMMENT ON COLUMN botdet.stat_models.loads IS 'how often a session has loaded the version';
COMMENT ON COLUMN botdet.stat_models.mean_load_ms IS 'mean time that loading took, ms; the sequence model is opened later, when a row needs it';

CREATE VIEW botdet.stat_model_latency WITH (security_invoker = true) AS
SELECT coalesce(v.detector, rtrim(l.name, ':'), l.name) AS detector, v.version, l.up_to_ms, l.calls
FROM botdet.model_latencies() AS l
LEFT JOIN botdet.model_version v ON v.version = l.name;
COMMENT ON VIEW botdet.stat_model_latency IS 'how many calls of botdet.stat_models took how long: a cumulative histogram';
COMMENT ON COLUMN botdet.stat_model_latency.detector IS 'by which detector';
COMMENT ON COLUMN botdet.stat_model_latency.version IS 'by which version; NULL for rules';
COMMENT ON COLUMN botdet.stat_model_latency.up_to_ms IS 'time, ms; the last is Infinity';
COMMENT ON COLUMN botdet.stat_model_latency.calls IS 'calls without error that took less than that';
