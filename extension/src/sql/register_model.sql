-- $1 detector, $2 version, $3 artifact, $4 its checksum, $5 manifest, $6 comment. The same artifact again changes nothing.
INSERT INTO botdet.model_version (detector, version, artifact, sha256, manifest, comment)
VALUES ($1, $2, $3, $4, $5::pg_catalog.jsonb, $6)
ON CONFLICT (detector, version) DO NOTHING
