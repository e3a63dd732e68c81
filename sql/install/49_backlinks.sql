-- Links: features, scores, comparison of pages.

CREATE FUNCTION botdet_backlink_features(target text DEFAULT NULL, as_of timestamptz DEFAULT now())
RETURNS TABLE (
    backlink_id bigint, source_domain text, target text, anchor text, registrar text, hosting text,
    first_seen timestamptz, asn double precision, domain_rank double precision, domain_age_days double precision,
    ip_reuse double precision, subnet_reuse double precision, registrar_reuse double precision,
    registrar_reuse_share double precision, asn_reuse double precision, asn_reuse_share double precision,
    hosting_reuse_share double precision, registered_together double precision, link_velocity double precision,
    velocity_share double precision, linking_domains double precision, links_of_domain double precision,
    anchor_words double precision, anchor_risk double precision, anchor_repeats double precision,
    anchor_repeat_share double precision, domain_length double precision, domain_hyphens double precision,
    domain_digits double precision, domain_entropy double precision, text_words double precision,
    similarity double precision, is_dofollow boolean, is_unsafe boolean
)
STABLE PARALLEL SAFE COST 100000 ROWS 1000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_backlink_features';
COMMENT ON FUNCTION botdet_backlink_features(text, timestamptz) IS
    'features of the links to a target, or of all: what is known of their domains, and what they share with others that link to the same target, as far as it was known as of a time. Links of a site to itself, those without a name of a domain and later ones are left out. View botdet.backlink_training says what each column means';

CREATE FUNCTION botdet_backlink_scores(target text DEFAULT NULL, as_of timestamptz DEFAULT now())
RETURNS TABLE (
    backlink_id bigint, bot_probability double precision, is_bot boolean, action text, confidence double precision,
    probability_low double precision, probability_high double precision, anomaly_score double precision, is_anomaly boolean,
    events bigint, stage text, model_version text, reasons text[], scored_at timestamptz,
    model_probability double precision, rules_probability double precision, similarity double precision
)
STABLE PARALLEL SAFE COST 1000000 ROWS 1000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_backlink_scores';
COMMENT ON FUNCTION botdet_backlink_scores(text, timestamptz) IS
    'scores of the links to a target, or of all: 55 % model (the weighted signals where it cannot answer, stage weights), 30 % rules, 15 % similarity of pages, over the parts that are there; each part in a column of its own. A link that is not judged has stage none, and says why';

CREATE FUNCTION botdet_backlink_score(backlink_id bigint)
RETURNS TABLE (
    bot_probability double precision, is_bot boolean, stage text, model_version text, reasons text[],
    model_probability double precision, rules_probability double precision, similarity double precision
)
STRICT STABLE PARALLEL SAFE COST 100000 ROWS 1 SET search_path = pg_catalog, pg_temp
LANGUAGE sql
BEGIN ATOMIC
    SELECT s.bot_probability, s.is_bot, s.stage, s.model_version, s.reasons, s.model_probability, s.rules_probability, s.similarity
    FROM botdet.backlink b
    CROSS JOIN LATERAL botdet_backlink_scores(coalesce(b.target_domain, b.target)) AS s
    WHERE b.backlink_id = botdet_backlink_score.backlink_id AND s.backlink_id = b.backlink_id;
END;
COMMENT ON FUNCTION botdet_backlink_score(bigint) IS 'score of a link with its parts; see botdet_backlink_scores(text, timestamptz)';

CREATE FUNCTION botdet_compare_pages(as_of timestamptz DEFAULT now())
RETURNS bigint
STRICT VOLATILE PARALLEL UNSAFE COST 10000000
SET search_path = pg_catalog, pg_temp SET row_security = off
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_compare_pages';
COMMENT ON FUNCTION botdet_compare_pages(timestamptz) IS
    'compares the pages of all links first seen by a time with those of other domains, and keeps what was found in botdet.page_similarity, where features find it from then on; returns how many pages';

CREATE FUNCTION botdet_store_backlink_scores(target text DEFAULT NULL)
RETURNS bigint
VOLATILE PARALLEL UNSAFE COST 10000000 SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET row_security = off
LANGUAGE plpgsql AS $$
DECLARE
    judged bigint;
BEGIN
    -- In ascending order of number, as everybody locks scores.
    WITH written AS (
        INSERT INTO botdet.score AS s (
            account_id, detector, bot_probability, is_bot, action, confidence, probability_low, probability_high, anomaly_score,
            is_anomaly, events, stage, model_version, reasons, scored_at
        )
        SELECT b.backlink_id, 'backlink', b.bot_probability, b.is_bot, b.action, b.confidence, b.probability_low,
               b.probability_high, b.anomaly_score, b.is_anomaly, b.events, b.stage, b.model_version, b.reasons, b.scored_at
        FROM @extschema@.botdet_backlink_scores(botdet_store_backlink_scores.target) AS b
        ORDER BY b.backlink_id
        ON CONFLICT ON CONSTRAINT score_pkey DO UPDATE SET
            bot_probability = excluded.bot_probability, is_bot = excluded.is_bot, action = excluded.action,
            confidence = excluded.confidence, probability_low = excluded.probability_low,
            probability_high = excluded.probability_high, anomaly_score = excluded.anomaly_score,
            is_anomaly = excluded.is_anomaly, events = excluded.events, stage = excluded.stage,
            model_version = excluded.model_version, reasons = excluded.reasons, scored_at = excluded.scored_at
        RETURNING s.stage
    )
    SELECT count(*) FILTER (WHERE w.stage <> 'none') INTO judged FROM written w;
    RETURN judged;
END
$$;
COMMENT ON FUNCTION botdet_store_backlink_scores(text) IS
    'scores the links to a target, or all, and writes botdet.score, with the numbers of the links as account_id; returns how many could be judged. One that could not gets stage none and the reason';

CREATE VIEW botdet.backlink_training WITH (security_invoker = true) AS
SELECT f.*, l.is_bot AS is_network, coalesce(l.strategy, f.source_domain) AS network
FROM @extschema@.botdet_backlink_features() AS f
JOIN botdet.label l ON l.account_id = f.backlink_id AND l.detector = 'backlink';
COMMENT ON VIEW botdet.backlink_training IS
    'features of the links that are labelled: what botdet train --detector backlink learns from. Links of one network stay together';
COMMENT ON COLUMN botdet.backlink_training.backlink_id IS 'number of the link';
COMMENT ON COLUMN botdet.backlink_training.source_domain IS 'domain that it is on';
COMMENT ON COLUMN botdet.backlink_training.target IS 'where it leads to';
COMMENT ON COLUMN botdet.backlink_training.anchor IS 'its words';
COMMENT ON COLUMN botdet.backlink_training.registrar IS 'registrar of its domain';
COMMENT ON COLUMN botdet.backlink_training.hosting IS 'hosting of its domain';
COMMENT ON COLUMN botdet.backlink_training.first_seen IS 'when it was first seen';
COMMENT ON COLUMN botdet.backlink_training.asn IS 'number of the autonomous system';
COMMENT ON COLUMN botdet.backlink_training.domain_rank IS 'standing of the domain';
COMMENT ON COLUMN botdet.backlink_training.domain_age_days IS 'age of the domain when the link was seen, d';
COMMENT ON COLUMN botdet.backlink_training.ip_reuse IS 'other domains on its address that link to the same target';
COMMENT ON COLUMN botdet.backlink_training.subnet_reuse IS 'other domains of its /24 or /48 that do';
COMMENT ON COLUMN botdet.backlink_training.registrar_reuse IS 'other domains of its registrar that do';
COMMENT ON COLUMN botdet.backlink_training.registrar_reuse_share IS 'their share of all others that do';
COMMENT ON COLUMN botdet.backlink_training.asn_reuse IS 'other domains of its autonomous system that do';
COMMENT ON COLUMN botdet.backlink_training.asn_reuse_share IS 'their share of all others that do';
COMMENT ON COLUMN botdet.backlink_training.hosting_reuse_share IS 'share of the others with its hosting';
COMMENT ON COLUMN botdet.backlink_training.registered_together IS 'others registered within three and a half days before or after it';
COMMENT ON COLUMN botdet.backlink_training.link_velocity IS 'others that first linked within three and a half days before or after it';
COMMENT ON COLUMN botdet.backlink_training.velocity_share IS 'their share of all others';
COMMENT ON COLUMN botdet.backlink_training.linking_domains IS 'domains that link to the target';
COMMENT ON COLUMN botdet.backlink_training.links_of_domain IS 'links that its domain sets, to any target';
COMMENT ON COLUMN botdet.backlink_training.anchor_words IS 'words of the link';
COMMENT ON COLUMN botdet.backlink_training.anchor_risk IS 'how much these look made for search engines, 0 to 1';
COMMENT ON COLUMN botdet.backlink_training.anchor_repeats IS 'others with the same words';
COMMENT ON COLUMN botdet.backlink_training.anchor_repeat_share IS 'their share of all others';
COMMENT ON COLUMN botdet.backlink_training.domain_length IS 'characters of the name, without its ending';
COMMENT ON COLUMN botdet.backlink_training.domain_hyphens IS 'hyphens among them';
COMMENT ON COLUMN botdet.backlink_training.domain_digits IS 'digits among them';
COMMENT ON COLUMN botdet.backlink_training.domain_entropy IS 'entropy of the characters, bits';
COMMENT ON COLUMN botdet.backlink_training.text_words IS 'words of the page; NULL until pages are compared';
COMMENT ON COLUMN botdet.backlink_training.similarity IS 'how like the page is to one of another domain, 0 to 1; NULL until pages are compared';
COMMENT ON COLUMN botdet.backlink_training.is_dofollow IS 'whether search engines are to follow it';
COMMENT ON COLUMN botdet.backlink_training.is_unsafe IS 'whether a list of dangerous sites names its domain';
COMMENT ON COLUMN botdet.backlink_training.is_network IS 'whether a private network has set it';
COMMENT ON COLUMN botdet.backlink_training.network IS 'the network: botdet.label.strategy, or the domain where that is not told';
