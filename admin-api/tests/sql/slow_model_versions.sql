CREATE SCHEMA botdet;
CREATE VIEW botdet.model_versions AS
SELECT 1::bigint AS model_version_id,
       'account'::text AS detector,
       'v1'::text AS version,
       false AS is_champion,
       '00ff'::text AS sha256,
       1::bigint AS size_bytes,
       now() AS created_at,
       NULL::text AS created_by,
       NULL::text AS comment,
       NULL::timestamptz AS activated_at
FROM pg_sleep(60);
