CREATE SCHEMA botdet;
CREATE VIEW botdet.model_versions AS
SELECT n * 10::bigint AS model_version_id,
       'account'::text AS detector,
       'v' || n AS version,
       n = 7 AS is_champion,
       '00ff'::text AS sha256,
       n * 1000::bigint AS size_bytes,
       timestamptz '2026-01-01 00:00:00+00' + (n - 1) * interval '1 day' AS created_at,
       'trainer'::text AS created_by,
       NULL::text AS comment,
       CASE WHEN n = 7 THEN timestamptz '2026-01-07 00:00:00+00' END AS activated_at
FROM generate_series(1, 7) AS n;
