-- $1 text: detector. No row without such a detector.
SELECT jsonb_build_object(
    'detector', d.detector, 'tag', botdet.deployment_tag(d.detector),
    'champion', (SELECT to_jsonb(v) FROM botdet.model_versions v WHERE v.detector = d.detector AND v.alias = 'champion'),
    'challenger', (SELECT to_jsonb(v) FROM botdet.model_versions v WHERE v.detector = d.detector AND v.alias = 'challenger')
)
FROM botdet.detector d
WHERE d.detector = $1::text
