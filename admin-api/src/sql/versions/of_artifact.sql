-- $1 text: SHA-256 of the artifact, hexadecimal.
SELECT to_jsonb(v) FROM botdet.model_versions v WHERE v.sha256 = $1::text
