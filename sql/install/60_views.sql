CREATE VIEW botdet.feature_catalog WITH (security_invoker = true) AS
SELECT "position", feature, family, unit, low, high, scale, meaning, missing_when, schema_fingerprint
FROM @extschema@.botdet_feature_catalog();
COMMENT ON VIEW botdet.feature_catalog IS 'definition of every feature';
COMMENT ON COLUMN botdet.feature_catalog."position" IS 'order, from 1';
COMMENT ON COLUMN botdet.feature_catalog.feature IS 'name, the same in SQL, artifacts and the service';
COMMENT ON COLUMN botdet.feature_catalog.family IS 'temporal, behavioural, content or network';
COMMENT ON COLUMN botdet.feature_catalog.unit IS 'unit of the values; empty for a plain number';
COMMENT ON COLUMN botdet.feature_catalog.low IS 'smallest possible value';
COMMENT ON COLUMN botdet.feature_catalog.high IS 'largest possible value';
COMMENT ON COLUMN botdet.feature_catalog.scale IS 'linear, or logarithmic where values spread over orders of magnitude';
COMMENT ON COLUMN botdet.feature_catalog.meaning IS 'what it is';
COMMENT ON COLUMN botdet.feature_catalog.missing_when IS 'when it is NULL';
COMMENT ON COLUMN botdet.feature_catalog.schema_fingerprint IS 'identifies the whole catalogue; models carry that of their training';

CREATE VIEW botdet.model_versions WITH (security_invoker = true) AS
SELECT v.model_version_id, v.detector, v.version, d.detector IS NOT NULL AS is_champion, v.sha256,
       v.size_bytes, v.created_at, v.created_by, v.comment, d.activated_at, v.manifest
FROM botdet.model_version v
LEFT JOIN botdet.deployment d ON d.detector = v.detector AND d.model_version_id = v.model_version_id;
COMMENT ON VIEW botdet.model_versions IS 'registered model versions, without their bytes';
COMMENT ON COLUMN botdet.model_versions.model_version_id IS 'number of the version';
COMMENT ON COLUMN botdet.model_versions.detector IS 'detector it scores for';
COMMENT ON COLUMN botdet.model_versions.version IS 'name of the version';
COMMENT ON COLUMN botdet.model_versions.is_champion IS 'whether it is the one that answers';
COMMENT ON COLUMN botdet.model_versions.sha256 IS 'checksum of the artifact';
COMMENT ON COLUMN botdet.model_versions.size_bytes IS 'size of the artifact';
COMMENT ON COLUMN botdet.model_versions.created_at IS 'when it was registered';
COMMENT ON COLUMN botdet.model_versions.created_by IS 'who registered it';
COMMENT ON COLUMN botdet.model_versions.comment IS 'remark of whoever registered it';
COMMENT ON COLUMN botdet.model_versions.activated_at IS 'since when it answers; NULL when it does not';
COMMENT ON COLUMN botdet.model_versions.manifest IS 'what the artifact says of itself';

CREATE VIEW botdet.flagged_account WITH (security_invoker = true) AS
SELECT s.account_id, a.account_key, a.username, s.bot_probability, s.probability_low, s.probability_high, s.is_anomaly,
       s.events, s.stage, s.model_version, s.reasons, s.scored_at
FROM botdet.score s
LEFT JOIN botdet.account a USING (account_id)
WHERE s.detector = 'account' AND s.is_bot;
COMMENT ON VIEW botdet.flagged_account IS 'accounts whose latest score calls them bots';
COMMENT ON COLUMN botdet.flagged_account.account_id IS 'who was scored';
COMMENT ON COLUMN botdet.flagged_account.account_key IS 'the account''s key where it came from';
COMMENT ON COLUMN botdet.flagged_account.username IS 'unique name of the account';
COMMENT ON COLUMN botdet.flagged_account.bot_probability IS 'probability of being a bot, 0 to 1';
COMMENT ON COLUMN botdet.flagged_account.probability_low IS 'lower end of its 95 % interval';
COMMENT ON COLUMN botdet.flagged_account.probability_high IS 'upper end of its 95 % interval';
COMMENT ON COLUMN botdet.flagged_account.is_anomaly IS 'whether the account is also unusual';
COMMENT ON COLUMN botdet.flagged_account.events IS 'events that the score rests on';
COMMENT ON COLUMN botdet.flagged_account.stage IS 'what decided';
COMMENT ON COLUMN botdet.flagged_account.model_version IS 'version that answered';
COMMENT ON COLUMN botdet.flagged_account.reasons IS 'what moved the score most';
COMMENT ON COLUMN botdet.flagged_account.scored_at IS 'when it was scored';
