-- Rules: what people know. The rules that come with botdet are inserted in 51_rules.sql.

CREATE TABLE botdet.rule (
    detector   text NOT NULL REFERENCES botdet.detector ON DELETE CASCADE,
    name       text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]{0,62}$'),
    condition  text NOT NULL,
    effect     text NOT NULL DEFAULT 'evidence' CHECK (effect IN ('evidence', 'allow', 'block')),
    weight     double precision NOT NULL DEFAULT 0.3,
    reason     text NOT NULL CHECK (length(reason) BETWEEN 1 AND 300),
    enabled    boolean NOT NULL DEFAULT true,
    version    integer NOT NULL CHECK (version > 0),
    shipped    boolean NOT NULL DEFAULT false,
    changed_at timestamptz NOT NULL DEFAULT now(),
    changed_by text NOT NULL DEFAULT botdet.actor(),
    PRIMARY KEY (detector, name),
    CHECK (effect <> 'evidence' OR (weight > double precision '-1' AND weight < double precision '1'))
);
COMMENT ON TABLE botdet.rule IS 'rules of the detectors; those that come with botdet are rows like any other, to be changed or switched off';
COMMENT ON COLUMN botdet.rule.detector IS 'whose rule';
COMMENT ON COLUMN botdet.rule.name IS 'what it is called among the reasons of a score';
COMMENT ON COLUMN botdet.rule.condition IS
    'when it fires: comparisons of features or columns, such as duplicate_rate >= 0.5 and not (followers > 1000 or account_age_days is missing); with + - * /, between, in (…), like, ilike and texts in single quotes. What hangs on a missing value does not fire. account_id can be compared with numbers and lists of them';
COMMENT ON COLUMN botdet.rule.effect IS
    'evidence makes a bot more likely where no model answers, and in detectors that join rules and model; allow and block decide, whatever a model says, and allow goes before block';
COMMENT ON COLUMN botdet.rule.weight IS
    'how strong a piece of evidence it is, between -1 and 1: all that fire give 1 - (1 - prior) * product of (1 - weight); one below 0 leaves the share 1 + weight of that. The prior is the detector''s base rate. Of no account for allow and block';
COMMENT ON COLUMN botdet.rule.reason IS 'what it means when it fires, for people';
COMMENT ON COLUMN botdet.rule.enabled IS 'whether it is asked at all';
COMMENT ON COLUMN botdet.rule.version IS 'raised with every change; botdet.rule_version has those before';
COMMENT ON COLUMN botdet.rule.shipped IS 'whether it came with botdet: such a rule is switched off, not deleted';
COMMENT ON COLUMN botdet.rule.changed_at IS 'since when it is as it is';
COMMENT ON COLUMN botdet.rule.changed_by IS 'who made it so';

CREATE TABLE botdet.rule_version (
    detector   text NOT NULL,
    name       text NOT NULL,
    version    integer NOT NULL,
    condition  text NOT NULL,
    effect     text NOT NULL,
    weight     double precision NOT NULL,
    reason     text NOT NULL,
    enabled    boolean NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    PRIMARY KEY (detector, name, version)
);
COMMENT ON TABLE botdet.rule_version IS 'every version that a rule has had, deleted rules included: what a reason of an old score speaks of';
COMMENT ON COLUMN botdet.rule_version.detector IS 'whose rule';
COMMENT ON COLUMN botdet.rule_version.name IS 'which rule';
COMMENT ON COLUMN botdet.rule_version.version IS 'which version';
COMMENT ON COLUMN botdet.rule_version.condition IS 'when it fired';
COMMENT ON COLUMN botdet.rule_version.effect IS 'what it did: evidence, allow or block';
COMMENT ON COLUMN botdet.rule_version.weight IS 'how strong a piece of evidence it was';
COMMENT ON COLUMN botdet.rule_version.reason IS 'what it meant';
COMMENT ON COLUMN botdet.rule_version.enabled IS 'whether it was asked';
COMMENT ON COLUMN botdet.rule_version.changed_at IS 'since when it was so';
COMMENT ON COLUMN botdet.rule_version.changed_by IS 'who made it so';

-- A rule that came along and was never changed comes along again.
SELECT pg_catalog.pg_extension_config_dump('botdet.rule', 'WHERE NOT shipped OR version > 1');
SELECT pg_catalog.pg_extension_config_dump('botdet.rule_version', '');
