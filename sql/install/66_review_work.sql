-- Claims and decisions. Reviewers are told by botdet.actor(), as labels are.

CREATE FUNCTION botdet.check_reviewer(reviewer text)
RETURNS void
VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(reviewer, '') = '' THEN
        RAISE EXCEPTION 'reviewer must not be NULL or empty' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF reviewer <> botdet.actor() AND NOT pg_has_role(session_user, 'botdet_admin', 'USAGE') THEN
        RAISE EXCEPTION '% cannot review in the name of %', botdet.actor(), reviewer
            USING ERRCODE = 'insufficient_privilege', HINT = 'Who has logged in as a member of botdet_admin can.';
    END IF;
END
$$;
COMMENT ON FUNCTION botdet.check_reviewer(text) IS 'an error unless whoever has logged in may review in that name';

CREATE FUNCTION botdet.acts_as_administrator()
RETURNS boolean
STRICT STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    chosen constant text := current_setting('role');
BEGIN
    -- In a function with its owner's rights, the current user is the owner. SET ROLE is still known.
    RETURN pg_has_role(CASE chosen WHEN 'none' THEN session_user ELSE chosen::name END, 'botdet_admin', 'USAGE');
END
$$;
COMMENT ON FUNCTION botdet.acts_as_administrator() IS
    'whether the role that was set, or has logged in where none was set, has the rights of botdet_admin';

CREATE FUNCTION botdet.lock_claim(review_id bigint, reviewer text)
RETURNS botdet.review
VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    claimed botdet.review;
BEGIN
    PERFORM botdet.check_reviewer(lock_claim.reviewer);
    SELECT r.* INTO claimed FROM botdet.review r WHERE r.review_id = lock_claim.review_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no review %', lock_claim.review_id
            USING ERRCODE = 'undefined_object', HINT = 'botdet_claim_review() hands reviews out.';
    END IF;
    IF claimed.state <> 'open' THEN
        RAISE EXCEPTION 'review % is decided already', claimed.review_id USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF claimed.claimed_by IS DISTINCT FROM lock_claim.reviewer THEN
        RAISE EXCEPTION 'review % is not claimed by %', claimed.review_id, lock_claim.reviewer
            USING ERRCODE = 'lock_not_available', HINT = 'botdet_claim_review() hands reviews out.';
    END IF;
    IF claimed.lease_until <= clock_timestamp() THEN
        RAISE EXCEPTION 'the claim of review % ran out at %', claimed.review_id, claimed.lease_until
            USING ERRCODE = 'lock_not_available', HINT = 'Claim again: somebody else may have it by now.';
    END IF;
    RETURN claimed;
END
$$;
COMMENT ON FUNCTION botdet.lock_claim(bigint, text) IS
    'the review, locked until the transaction ends; an error unless this reviewer has a claim to it that lasts';

CREATE FUNCTION botdet_claim_review(
    "limit" integer DEFAULT 1, lease interval DEFAULT '15 minutes', detector text DEFAULT NULL,
    reviewer text DEFAULT botdet.actor()
)
RETURNS SETOF botdet.review
VOLATILE PARALLEL UNSAFE COST 10000 ROWS 1 SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    chosen bigint[];
    is_administrator constant boolean := botdet.acts_as_administrator();
    moment constant timestamptz := clock_timestamp();
BEGIN
    PERFORM botdet.check_reviewer(botdet_claim_review.reviewer);
    IF botdet_claim_review."limit" IS NULL OR botdet_claim_review."limit" NOT BETWEEN 1 AND 1000 THEN
        RAISE EXCEPTION 'limit is %, and must be from 1 to 1000', coalesce(botdet_claim_review."limit"::text, 'NULL')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF lease IS NULL OR lease <= interval '0' OR lease > interval '1 day' THEN
        RAISE EXCEPTION 'lease is %, and must be above 0 and at most a day', coalesce(lease::text, 'NULL')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Those that others are just claiming are passed over, and looked at again once they are locked.
    chosen := ARRAY(
        SELECT r.review_id
        FROM botdet.review r
        WHERE r.state = 'open' AND (r.lease_until IS NULL OR r.lease_until <= moment)
            AND (botdet_claim_review.detector IS NULL OR r.detector = botdet_claim_review.detector)
            AND (is_administrator OR r.why <> 'escalated')
            AND botdet_claim_review.reviewer <> ALL (r.not_by)
        ORDER BY r.priority DESC, r.review_id
        LIMIT botdet_claim_review."limit"
        FOR NO KEY UPDATE SKIP LOCKED
    );
    RETURN QUERY
    WITH taken AS (
        UPDATE botdet.review r
        SET claimed_by = botdet_claim_review.reviewer, claimed_at = moment, lease_until = moment + lease
        WHERE r.review_id = ANY (chosen)
        RETURNING r.*
    )
    SELECT t.* FROM taken t ORDER BY t.priority DESC, t.review_id;
END
$$;
COMMENT ON FUNCTION botdet_claim_review(integer, interval, text, text) IS
    'hands out the most urgent reviews of a detector (of all by default), at most so many, to nobody else until the lease runs out; reviews are skipped, escalated or decided by whoever has claimed them. Only members of botdet_admin may name another reviewer than themselves';

CREATE FUNCTION botdet_skip_review(review_id bigint, note text DEFAULT NULL, reviewer text DEFAULT botdet.actor())
RETURNS void
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    claimed constant botdet.review := botdet.lock_claim(botdet_skip_review.review_id, botdet_skip_review.reviewer);
    -- What three do not want to decide is hard, and not badly presented.
    is_hard constant boolean := claimed.skips >= 2 AND claimed.why <> 'escalated';
BEGIN
    UPDATE botdet.review r
    SET claimed_by = NULL, claimed_at = NULL, lease_until = NULL, skips = r.skips + 1,
        not_by = r.not_by || botdet_skip_review.reviewer, note = coalesce(botdet_skip_review.note, r.note),
        why = CASE WHEN is_hard THEN 'escalated' ELSE r.why END, priority = CASE WHEN is_hard THEN 4 ELSE r.priority END
    WHERE r.review_id = claimed.review_id;
END
$$;
COMMENT ON FUNCTION botdet_skip_review(bigint, text, text) IS
    'gives a claimed review back, for somebody else; skipped for the third time, it is escalated';

CREATE FUNCTION botdet_escalate_review(review_id bigint, note text, reviewer text DEFAULT botdet.actor())
RETURNS void
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    claimed constant botdet.review := botdet.lock_claim(botdet_escalate_review.review_id, botdet_escalate_review.reviewer);
BEGIN
    IF claimed.why = 'escalated' THEN
        RAISE EXCEPTION 'review % is escalated already', claimed.review_id
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'botdet_skip_review() leaves it to another administrator.';
    END IF;
    UPDATE botdet.review r
    SET claimed_by = NULL, claimed_at = NULL, lease_until = NULL, why = 'escalated', priority = 4,
        not_by = r.not_by || botdet_escalate_review.reviewer, note = botdet_escalate_review.note
    WHERE r.review_id = claimed.review_id;
END
$$;
COMMENT ON FUNCTION botdet_escalate_review(bigint, text, text) IS 'hands a claimed review to the administrators, with a note that says why';

CREATE FUNCTION botdet.decisions_before(review_id bigint)
RETURNS SETOF botdet.review_decision
STRICT STABLE PARALLEL SAFE ROWS 2 SET search_path = pg_catalog, pg_temp
LANGUAGE sql
BEGIN ATOMIC
    WITH RECURSIVE earlier (review_id) AS (
        SELECT r.follows FROM botdet.review r WHERE r.review_id = decisions_before.review_id
        UNION ALL
        SELECT r.follows FROM botdet.review r JOIN earlier e ON r.review_id = e.review_id
    )
    SELECT d.* FROM earlier e JOIN botdet.review_decision d ON d.review_id = e.review_id;
END;
COMMENT ON FUNCTION botdet.decisions_before(bigint) IS 'decisions that made a review necessary';

CREATE FUNCTION botdet_decide_review(
    review_id bigint, is_bot boolean, reason text, note text DEFAULT NULL, strategy text DEFAULT NULL,
    reviewer text DEFAULT botdet.actor()
)
RETURNS bigint
VOLATILE PARALLEL UNSAFE COST 10000 SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    claimed constant botdet.review := botdet.lock_claim(botdet_decide_review.review_id, botdet_decide_review.reviewer);
    setting botdet.feedback_settings;
    truth boolean;
    earlier botdet.review_decision;
    decision botdet.review_decision;
BEGIN
    IF botdet_decide_review.is_bot IS NULL OR coalesce(botdet_decide_review.reason, '') = '' THEN
        RAISE EXCEPTION 'is_bot and reason must not be NULL or empty'
            USING ERRCODE = 'null_value_not_allowed', HINT = 'Who cannot tell skips or escalates.';
    END IF;
    SELECT s.* INTO STRICT setting FROM botdet.feedback_settings s WHERE s.detector = claimed.detector;
    SELECT g.is_bot INTO truth FROM botdet.golden_review g WHERE g.review_id = claimed.review_id;
    SELECT d.* INTO earlier FROM botdet.review_decision d
    WHERE d.review_id = claimed.follows AND d.outcome = 'second review';
    decision.trust := botdet.trust_in(botdet_decide_review.reviewer, claimed.detector);
    decision.outcome := CASE
        WHEN truth IS NOT NULL THEN 'measured'
        WHEN claimed.why = 'escalated' THEN 'labelled'
        WHEN earlier.is_bot = botdet_decide_review.is_bot THEN 'labelled'
        WHEN earlier.is_bot IS NOT NULL THEN 'escalated'
        WHEN decision.trust < setting.least_trust OR random() < setting.second_review_share THEN 'second review'
        ELSE 'labelled'
    END;
    INSERT INTO botdet.review_decision (
        review_id, account_id, detector, is_bot, reason, note, strategy, reviewer, trust, outcome, was_labelled, claimed_at
    ) VALUES (
        claimed.review_id, claimed.account_id, claimed.detector, botdet_decide_review.is_bot, botdet_decide_review.reason,
        botdet_decide_review.note, botdet_decide_review.strategy, botdet_decide_review.reviewer, decision.trust, decision.outcome,
        (SELECT l.is_bot FROM botdet.label l WHERE l.account_id = claimed.account_id AND l.detector = claimed.detector),
        claimed.claimed_at
    ) RETURNING * INTO decision;
    UPDATE botdet.review r SET state = 'decided' WHERE r.review_id = claimed.review_id;
    PERFORM botdet.follow_decision(decision, claimed, truth);
    RETURN decision.decision_id;
END
$$;
COMMENT ON FUNCTION botdet_decide_review(bigint, boolean, text, text, text, text) IS
    'decides a claimed review, and returns the number of the decision. It becomes the account''s label; where somebody else has to agree, only once somebody does, and an administrator decides between two. Never twice, and never without a claim that lasts';

CREATE FUNCTION botdet.follow_decision(decision botdet.review_decision, claimed botdet.review, truth boolean)
RETURNS void
VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    log_odds double precision;
BEGIN
    IF decision.outcome = 'measured' THEN
        INSERT INTO botdet.reviewer_evidence (decision_id, kind, reviewer, detector, is_right)
        VALUES (decision.decision_id, 'golden', decision.reviewer, decision.detector, decision.is_bot = truth);
    ELSIF decision.outcome IN ('second review', 'escalated') THEN
        INSERT INTO botdet.review (
            account_id, detector, why, priority, follows, not_by, note, bot_probability, scored_as_bot, model_version
        ) VALUES (
            claimed.account_id, claimed.detector, CASE decision.outcome WHEN 'escalated' THEN 'escalated' ELSE 'second' END,
            CASE decision.outcome WHEN 'escalated' THEN 4 ELSE 2.5 END, claimed.review_id,
            claimed.not_by || decision.reviewer, claimed.note, claimed.bot_probability, claimed.scored_as_bot,
            claimed.model_version
        );
    ELSE
        -- An administrator's word shows who was right before; two who agree speak for each other.
        INSERT INTO botdet.reviewer_evidence (decision_id, kind, reviewer, detector, is_right)
        SELECT d.decision_id, CASE claimed.why WHEN 'escalated' THEN 'final' ELSE 'second' END, d.reviewer, d.detector,
               d.is_bot = decision.is_bot
        FROM botdet.decisions_before(claimed.review_id) AS d
        UNION ALL
        SELECT decision.decision_id, 'second', decision.reviewer, decision.detector, true
        WHERE claimed.follows IS NOT NULL AND claimed.why <> 'escalated';
        -- Naive Bayes: each decision is right with the probability of its reviewer's trust, bots and others being as likely.
        SELECT sum(CASE WHEN d.is_bot = decision.is_bot THEN 1 ELSE -1 END * ln(d.trust / (1 - d.trust))) INTO log_odds
        FROM (
            SELECT b.is_bot, b.trust FROM botdet.decisions_before(claimed.review_id) AS b
            UNION ALL SELECT decision.is_bot, decision.trust
        ) AS d;
        INSERT INTO botdet.label AS l (account_id, detector, is_bot, strategy, note, labelled_by, labelled_at, trust)
        VALUES (decision.account_id, decision.detector, decision.is_bot, decision.strategy,
                concat_ws(': ', decision.reason, decision.note), decision.reviewer, decision.decided_at,
                1 / (1 + exp(-log_odds)))
        ON CONFLICT ON CONSTRAINT label_account_id_detector_key DO UPDATE
        SET is_bot = excluded.is_bot, note = excluded.note, labelled_by = excluded.labelled_by,
            labelled_at = excluded.labelled_at, trust = excluded.trust,
            strategy = coalesce(excluded.strategy, CASE WHEN l.is_bot = excluded.is_bot THEN l.strategy END);
    END IF;
END
$$;
COMMENT ON FUNCTION botdet.follow_decision(botdet.review_decision, botdet.review, boolean) IS
    'what botdet_decide_review() does once it has decided what becomes of a decision: label, further review, evidence';

CREATE FUNCTION botdet_appeal(account_id bigint, note text, detector text DEFAULT 'account')
RETURNS bigint
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    scored botdet.score;
    judges text[];
    appealed bigint;
BEGIN
    IF botdet_appeal.account_id IS NULL OR botdet_appeal.detector IS NULL OR coalesce(botdet_appeal.note, '') = '' THEN
        RAISE EXCEPTION 'account_id, note and detector must not be NULL or empty' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT s.* INTO scored FROM botdet.score s
    WHERE s.account_id = botdet_appeal.account_id AND s.detector = botdet_appeal.detector;
    IF NOT FOUND AND NOT EXISTS (
        SELECT FROM botdet.label l WHERE l.account_id = botdet_appeal.account_id AND l.detector = botdet_appeal.detector
    ) THEN
        RAISE EXCEPTION 'account % has neither a score nor a label of detector %', botdet_appeal.account_id, botdet_appeal.detector
            USING ERRCODE = 'undefined_object';
    END IF;
    SELECT coalesce(array_agg(DISTINCT j.reviewer), '{}') INTO judges
    FROM (
        SELECT d.reviewer FROM botdet.review_decision d
        WHERE d.account_id = botdet_appeal.account_id AND d.detector = botdet_appeal.detector
        UNION ALL
        SELECT l.labelled_by FROM botdet.label l
        WHERE l.account_id = botdet_appeal.account_id AND l.detector = botdet_appeal.detector
    ) AS j (reviewer);
    INSERT INTO botdet.review AS r (
        account_id, detector, why, priority, not_by, note, bot_probability, scored_as_bot, model_version
    ) VALUES (
        botdet_appeal.account_id, botdet_appeal.detector, 'appeal', 3, judges, botdet_appeal.note, scored.bot_probability,
        scored.is_bot, scored.model_version
    )
    ON CONFLICT (account_id, detector) WHERE state = 'open' DO UPDATE
    SET why = CASE WHEN r.why IN ('second', 'escalated') THEN r.why ELSE 'appeal' END, priority = greatest(r.priority, 3),
        note = excluded.note, not_by = r.not_by || excluded.not_by
    RETURNING review_id INTO appealed;
    -- Somebody asks: it is not for measuring any more.
    DELETE FROM botdet.golden_review g WHERE g.review_id = appealed;
    RETURN appealed;
END
$$;
COMMENT ON FUNCTION botdet_appeal(bigint, text, text) IS
    'has an account looked at again by somebody who has not judged it yet, ahead of others, since it objects; returns the number of the review';
