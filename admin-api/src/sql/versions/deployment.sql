-- $1 text: detector. No row without such a detector.
SELECT jsonb_build_object(
    'detector', d.detector, 'tag', botdet.deployment_tag(d.detector),
    'champion', (SELECT to_jsonb(v) FROM botdet.model_versions v WHERE v.detector = d.detector AND v.alias = 'champion'),
    'challenger', (SELECT to_jsonb(v) FROM botdet.model_versions v WHERE v.detector = d.detector AND v.alias = 'challenger'),
    'previous', (
        SELECT v.version
        FROM botdet.deployment c
        CROSS JOIN unnest(c.previous) WITH ORDINALITY AS p (model_version_id, place)
        JOIN botdet.model_versions v ON v.model_version_id = p.model_version_id
        WHERE c.detector = d.detector AND c.alias = 'champion' AND v.model_version_id <> c.model_version_id
        ORDER BY p.place LIMIT 1
    )
)
FROM botdet.detector d
WHERE d.detector = $1::text
