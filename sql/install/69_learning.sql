-- Learning on: when versions are trained again, how a new one is tried beside the champion, and when it takes its place or goes.
--
--     labels ─► job ─► candidate ─► in shadow ─► champion, on probation ─► kept
--                         │             │               │
--                     no better     withdrawn      rolled back
--
-- A candidate is compared with the champion before it is tried, by whoever trains it. What follows is decided here, on labels told
-- since it was registered, which neither has learned from.

-- Settings -----------------------------------------------------------------------------------------------------------

CREATE TABLE botdet.learning_setting (
    detector           text PRIMARY KEY REFERENCES botdet.detector,
    retrains           boolean,
    promotes           boolean,
    update_labels      integer CHECK (update_labels > 0),
    margin             double precision CHECK (margin BETWEEN double precision '0' AND double precision '1'),
    shadow_accounts    integer CHECK (shadow_accounts > 0),
    shadow_interval    interval CHECK (shadow_interval >= interval '0'),
    most_flagged_ratio double precision CHECK (most_flagged_ratio >= double precision '1'),
    probation_interval interval CHECK (probation_interval >= interval '0'),
    parameters         jsonb CHECK (jsonb_typeof(parameters) = 'object')
);
COMMENT ON TABLE botdet.learning_setting IS
    'what administrators have set for how a detector learns on; NULL, and no row, take what botdet.learning_settings shows';
COMMENT ON COLUMN botdet.learning_setting.detector IS 'of which detector';
COMMENT ON COLUMN botdet.learning_setting.retrains IS 'whether trainings that are due begin without anybody asking';
COMMENT ON COLUMN botdet.learning_setting.promotes IS 'whether a candidate that has proved itself becomes the champion without anybody asking';
COMMENT ON COLUMN botdet.learning_setting.update_labels IS 'new labels after which the filter goes on learning between two trainings';
COMMENT ON COLUMN botdet.learning_setting.margin IS 'by how much a candidate''s balanced Brier score may be above the champion''s where it need not be better, 0 to 1';
COMMENT ON COLUMN botdet.learning_setting.shadow_accounts IS 'accounts that a candidate must have scored in shadow';
COMMENT ON COLUMN botdet.learning_setting.shadow_interval IS 'how long it must have been in shadow';
COMMENT ON COLUMN botdet.learning_setting.most_flagged_ratio IS 'how many times as many accounts as the champion it may call bots, and how few';
COMMENT ON COLUMN botdet.learning_setting.probation_interval IS 'how long the champion before is compared with it once it answers';
COMMENT ON COLUMN botdet.learning_setting.parameters IS 'settings of trainings that begin without anybody asking, as botdet_request_job() takes them';

CREATE VIEW botdet.learning_settings WITH (security_invoker = true) AS
SELECT d.detector, coalesce(s.retrains, true) AS retrains, coalesce(s.promotes, true) AS promotes,
       coalesce(s.update_labels, 100) AS update_labels, coalesce(s.margin, double precision '0.02') AS margin,
       coalesce(s.shadow_accounts, 100) AS shadow_accounts, coalesce(s.shadow_interval, interval '1 hour') AS shadow_interval,
       coalesce(s.most_flagged_ratio, double precision '2') AS most_flagged_ratio,
       coalesce(s.probation_interval, interval '1 day') AS probation_interval, coalesce(s.parameters, jsonb '{}') AS parameters
FROM botdet.detector d
LEFT JOIN botdet.learning_setting s ON s.detector = d.detector;
COMMENT ON VIEW botdet.learning_settings IS 'settings of learning on that hold for each detector, with the defaults of what nobody has set';
COMMENT ON COLUMN botdet.learning_settings.detector IS 'of which detector';
COMMENT ON COLUMN botdet.learning_settings.retrains IS 'whether trainings that are due begin without anybody asking';
COMMENT ON COLUMN botdet.learning_settings.promotes IS 'whether a candidate that has proved itself becomes the champion without anybody asking';
COMMENT ON COLUMN botdet.learning_settings.update_labels IS 'new labels after which the filter goes on learning between two trainings';
COMMENT ON COLUMN botdet.learning_settings.margin IS 'by how much a candidate''s balanced Brier score may be above the champion''s where it need not be better, 0 to 1';
COMMENT ON COLUMN botdet.learning_settings.shadow_accounts IS 'accounts that a candidate must have scored in shadow';
COMMENT ON COLUMN botdet.learning_settings.shadow_interval IS 'how long it must have been in shadow';
COMMENT ON COLUMN botdet.learning_settings.most_flagged_ratio IS 'how many times as many accounts as the champion it may call bots, and how few';
COMMENT ON COLUMN botdet.learning_settings.probation_interval IS 'how long the champion before is compared with it once it answers';
COMMENT ON COLUMN botdet.learning_settings.parameters IS 'settings of trainings that begin without anybody asking, as botdet_request_job() takes them';

CREATE TRIGGER check_settings BEFORE INSERT OR UPDATE ON botdet.learning_setting
FOR EACH ROW EXECUTE FUNCTION botdet.check_settings(
    'update_labels', '[1,)', 'margin', '[0,1]', 'shadow_accounts', '[1,)', 'shadow_interval', '[0,)', 'most_flagged_ratio', '[1,)',
    'probation_interval', '[0,)'
);
CREATE TRIGGER note_settings AFTER INSERT OR UPDATE OR DELETE ON botdet.learning_setting
FOR EACH ROW EXECUTE FUNCTION botdet.note_settings();

-- Trials -------------------------------------------------------------------------------------------------------------

CREATE TABLE botdet.trial (
    trial_id    bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    detector    text NOT NULL REFERENCES botdet.detector,
    version     text NOT NULL,
    champion    text NOT NULL,
    job_id      bigint REFERENCES botdet.job,
    state       text NOT NULL DEFAULT 'shadow'
        CHECK (state IN ('shadow', 'probation', 'kept', 'withdrawn', 'rolled back', 'overtaken')),
    reason      text NOT NULL,
    evidence    jsonb,
    begun_at    timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    promoted_at timestamptz,
    ended_at    timestamptz,
    CHECK ((ended_at IS NULL) = (state IN ('shadow', 'probation'))),
    FOREIGN KEY (detector, version) REFERENCES botdet.model_version (detector, version) ON DELETE CASCADE
);
CREATE UNIQUE INDEX trial_open ON botdet.trial (detector) WHERE ended_at IS NULL;
CREATE INDEX ON botdet.trial (job_id);
COMMENT ON TABLE botdet.trial IS
    'candidates that were found better than the champion, and how they did beside it; botdet_judge_trials() takes them on';
COMMENT ON COLUMN botdet.trial.trial_id IS 'number of the trial';
COMMENT ON COLUMN botdet.trial.detector IS 'for which detector';
COMMENT ON COLUMN botdet.trial.version IS 'the candidate';
COMMENT ON COLUMN botdet.trial.champion IS 'the champion when the trial began';
COMMENT ON COLUMN botdet.trial.job_id IS 'job that made the candidate';
COMMENT ON COLUMN botdet.trial.state IS
    'shadow: its scores are compared, and never answered; probation: it answers, and the champion before is in shadow; kept, withdrawn or rolled back; overtaken: somebody has deployed otherwise';
COMMENT ON COLUMN botdet.trial.reason IS 'why it is in this state';
COMMENT ON COLUMN botdet.trial.evidence IS 'what that rests on: counts of botdet.compare_trial()';
COMMENT ON COLUMN botdet.trial.begun_at IS 'since when it was in shadow';
COMMENT ON COLUMN botdet.trial.promoted_at IS 'since when it answered; NULL when it never did';
COMMENT ON COLUMN botdet.trial.ended_at IS 'when the trial ended';

SELECT pg_catalog.pg_extension_config_dump('botdet.learning_setting', '');
SELECT pg_catalog.pg_extension_config_dump('botdet.trial', '');
SELECT pg_catalog.pg_extension_config_dump(pg_get_serial_sequence('botdet.trial', 'trial_id')::regclass, '');

CREATE FUNCTION botdet.note_trial()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.state = OLD.state THEN
        RETURN NULL;
    END IF;
    INSERT INTO botdet.audit (action, detector, version, reason, old, new)
    VALUES (
        CASE NEW.state WHEN 'shadow' THEN 'begin trial' WHEN 'probation' THEN 'promote' ELSE 'end trial' END,
        NEW.detector, NEW.version, NEW.reason,
        CASE WHEN TG_OP = 'UPDATE' THEN jsonb_build_object('state', OLD.state) END,
        jsonb_build_object('trial_id', NEW.trial_id, 'state', NEW.state, 'champion', NEW.champion, 'evidence', NEW.evidence)
    );
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION botdet.note_trial() IS 'trigger: notes in botdet.audit how a trial goes on';

CREATE TRIGGER note_trial AFTER INSERT OR UPDATE ON botdet.trial
FOR EACH ROW EXECUTE FUNCTION botdet.note_trial();

CREATE FUNCTION botdet.begin_trial(version text, detector text, job_id bigint, reason text)
RETURNS bigint
STRICT VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    champion text;
    begun bigint;
BEGIN
    PERFORM botdet.lock_detector(begin_trial.detector);
    -- Whoever tries a version by hand is not to be disturbed.
    IF EXISTS (SELECT FROM botdet.deployment d WHERE d.detector = begin_trial.detector AND d.alias = 'challenger') THEN
        RETURN NULL;
    END IF;
    champion := (botdet.find_version('champion', begin_trial.detector)).version;
    PERFORM @extschema@.botdet_shadow(begin_trial.version, begin_trial.detector);
    INSERT INTO botdet.trial AS t (detector, version, champion, job_id, reason)
    VALUES (begin_trial.detector, begin_trial.version, champion, begin_trial.job_id, begin_trial.reason)
    RETURNING t.trial_id INTO begun;
    RETURN begun;
END
$$;
COMMENT ON FUNCTION botdet.begin_trial(text, text, bigint, text) IS
    'for a runner: puts a candidate in shadow, and returns the number of the trial; NULL when another version is being tried';

-- Whether one of two versions is worse, on the accounts that exactly one of them judges rightly: each is a coin that falls for the
-- other with probability s. The likelihood of what was seen under s uniform on [1/2, 1], over that under s = 1/2, is
--     sum over k <= won of C(n + 1, k) / ((n + 1) C(n, won)),  n = won + lost,
-- a martingale while neither is better (Ville, 1939): it ever reaches 20 with a probability of 5 % at most, however often it is
-- looked at. A test of fixed size that is looked at each minute would accuse everybody in the end.
CREATE FUNCTION botdet.evidence_against(won bigint, lost bigint)
RETURNS double precision
STRICT IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    n constant bigint := won + lost;
    log_of_all double precision := 0;
    log_of_one double precision := 0;
    log_of_seen double precision := 0;
BEGIN
    FOR k IN 1..won LOOP
        log_of_one := log_of_one + ln((n + 2 - k)::double precision / k);
        log_of_seen := log_of_seen + ln((n + 1 - k)::double precision / k);
        log_of_all := greatest(log_of_all, log_of_one) + ln(1 + exp(greatest(-abs(log_of_all - log_of_one), -700)));
    END LOOP;
    RETURN exp(least(log_of_all - ln((n + 1)::double precision) - log_of_seen, 700));
END
$$;
COMMENT ON FUNCTION botdet.evidence_against(bigint, bigint) IS
    'how much more likely it is that a version is worse than another than that it is not, when of the accounts that they disagree about the other was right about won, and it about lost; from 20 on it is believed, which is wrong in one of 20 trials at most, however often one looks';

CREATE FUNCTION botdet.compare_trial(trial botdet.trial)
RETURNS TABLE (
    accounts bigint, failures bigint, flagged bigint, flagged_in_shadow bigint, labels bigint, only_right bigint,
    only_right_in_shadow bigint
)
STRICT STABLE PARALLEL SAFE ROWS 1 SET search_path = pg_catalog, pg_temp
LANGUAGE sql
BEGIN ATOMIC
    SELECT count(*), count(*) FILTER (WHERE x.failure IS NOT NULL), count(*) FILTER (WHERE s.is_bot),
           count(*) FILTER (WHERE x.is_bot), count(l.is_bot),
           count(*) FILTER (WHERE s.is_bot <> x.is_bot AND l.is_bot = s.is_bot),
           count(*) FILTER (WHERE s.is_bot <> x.is_bot AND l.is_bot = x.is_bot)
    FROM botdet.shadow_score x
    JOIN botdet.feedback_settings f ON f.detector = x.detector
    -- Both were written together, or they are not of the same moment.
    JOIN botdet.score s ON s.account_id = x.account_id AND s.detector = x.detector AND s.scored_at = x.scored_at
    -- Nor does a reviewer count here whose decisions alone make no labels.
    LEFT JOIN botdet.label l ON l.account_id = x.account_id AND l.detector = x.detector AND l.labelled_at >= trial.begun_at
        AND coalesce(l.trust, double precision '1') >= f.least_trust
    WHERE x.detector = trial.detector AND s.scored_at >= coalesce(trial.promoted_at, trial.begun_at)
        AND s.model_version = CASE trial.state WHEN 'shadow' THEN trial.champion ELSE trial.version END
        AND x.model_version = CASE trial.state WHEN 'shadow' THEN trial.version ELSE trial.champion END;
END;
COMMENT ON FUNCTION botdet.compare_trial(botdet.trial) IS
    'how the version in shadow and the one that answers did since a trial, or its probation, began: accounts that both have scored, failures in shadow, how many each calls bots, labels told since the trial began, and about how many of these only one of the two is right';

CREATE FUNCTION botdet.judge_trial(trial botdet.trial, OUT state text, OUT reason text, OUT evidence jsonb)
STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    setting botdet.learning_settings;
    seen record;
    champion text;
    challenger text;
    against double precision;
BEGIN
    SELECT s.* INTO STRICT setting FROM botdet.learning_settings s WHERE s.detector = trial.detector;
    SELECT max(v.version) FILTER (WHERE d.alias = 'champion'), max(v.version) FILTER (WHERE d.alias = 'challenger' AND d.share = 0)
    INTO champion, challenger
    FROM botdet.deployment d JOIN botdet.model_version v ON v.model_version_id = d.model_version_id
    WHERE d.detector = trial.detector;
    state := trial.state;
    IF champion IS DISTINCT FROM (CASE trial.state WHEN 'shadow' THEN trial.champion ELSE trial.version END)
        OR challenger IS DISTINCT FROM (CASE trial.state WHEN 'shadow' THEN trial.version ELSE trial.champion END)
    THEN
        state := 'overtaken';
        reason := format('the champion is %s, and %s is in shadow', coalesce(champion, 'no version'), coalesce(challenger, 'nothing'));
        RETURN;
    END IF;
    SELECT c.* INTO STRICT seen FROM botdet.compare_trial(trial) AS c;
    -- Against the candidate, whichever of the two is in shadow.
    against := CASE trial.state
        WHEN 'shadow' THEN botdet.evidence_against(seen.only_right, seen.only_right_in_shadow)
        ELSE botdet.evidence_against(seen.only_right_in_shadow, seen.only_right) END;
    evidence := to_jsonb(seen) || jsonb_build_object('evidence_against', round(against::numeric, 3));
    IF against >= 20 THEN
        state := CASE trial.state WHEN 'shadow' THEN 'withdrawn' ELSE 'rolled back' END;
        reason := format('of %s labels told since, %s are about accounts that only the champion %s judges rightly, and %s the other way round',
                         seen.labels, CASE trial.state WHEN 'shadow' THEN seen.only_right ELSE seen.only_right_in_shadow END,
                         trial.champion, CASE trial.state WHEN 'shadow' THEN seen.only_right_in_shadow ELSE seen.only_right END);
    ELSIF trial.state = 'probation' THEN
        IF clock_timestamp() >= trial.promoted_at + setting.probation_interval THEN
            state := 'kept';
            reason := format('in %s nothing spoke for the champion before, on %s labels', setting.probation_interval, seen.labels);
        END IF;
    ELSIF seen.failures * 100 > seen.accounts THEN
        state := 'withdrawn';
        reason := format('it could not score %s of %s accounts', seen.failures, seen.accounts);
    ELSIF seen.accounts < setting.shadow_accounts OR clock_timestamp() < trial.begun_at + setting.shadow_interval THEN
        reason := format('it has scored %s accounts in shadow; it takes %s, and %s', seen.accounts, setting.shadow_accounts,
                         setting.shadow_interval);
    -- Half an account more or less: none is not infinitely fewer than one.
    ELSIF greatest((seen.flagged_in_shadow + 0.5) / (seen.flagged + 0.5), (seen.flagged + 0.5) / (seen.flagged_in_shadow + 0.5))
        > setting.most_flagged_ratio
    THEN
        state := 'withdrawn';
        reason := format('it calls %s of %s accounts bots, and the champion %s', seen.flagged_in_shadow, seen.accounts, seen.flagged);
    ELSIF setting.promotes THEN
        state := 'probation';
        reason := format('on %s accounts in shadow nothing spoke against it, on %s labels', seen.accounts, seen.labels);
    END IF;
END
$$;
COMMENT ON FUNCTION botdet.judge_trial(botdet.trial) IS 'what should become of a trial, and why; the state it has where it goes on';

CREATE FUNCTION botdet_judge_trials()
RETURNS TABLE (trial_id bigint, detector text, version text, state text, reason text)
VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 4 SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    trial botdet.trial;
    verdict record;
BEGIN
    FOR trial IN SELECT t.* FROM botdet.trial t WHERE t.ended_at IS NULL ORDER BY t.detector LOOP
        -- Whoever deploys meanwhile waits, or has been waited for.
        PERFORM botdet.lock_detector(trial.detector);
        SELECT t.* INTO trial FROM botdet.trial t WHERE t.trial_id = trial.trial_id AND t.ended_at IS NULL;
        CONTINUE WHEN NOT FOUND;
        SELECT j.* INTO verdict FROM botdet.judge_trial(trial) AS j;
        trial_id := trial.trial_id;
        detector := trial.detector;
        version := trial.version;
        state := verdict.state;
        reason := verdict.reason;
        CASE
            WHEN verdict.state = trial.state THEN
                NULL;
            WHEN verdict.state = 'probation' THEN
                BEGIN
                    PERFORM @extschema@.botdet_activate(trial.version, trial.detector);
                    -- What answered until now goes on beside it: on the same accounts it shows which of them is right.
                    PERFORM @extschema@.botdet_shadow(trial.champion, trial.detector);
                EXCEPTION WHEN object_not_in_prerequisite_state THEN
                    -- It waits for somebody's approval.
                    state := trial.state;
                    reason := SQLERRM;
                END;
            WHEN verdict.state = 'rolled back' THEN
                PERFORM @extschema@.botdet_rollback(trial.detector, verdict.reason);
                PERFORM @extschema@.botdet_withdraw(trial.detector);
            WHEN verdict.state <> 'overtaken' THEN
                PERFORM @extschema@.botdet_withdraw(trial.detector);
            ELSE
                NULL;
        END CASE;
        UPDATE botdet.trial t
        SET state = botdet_judge_trials.state, reason = coalesce(botdet_judge_trials.reason, t.reason),
            evidence = coalesce(verdict.evidence, t.evidence),
            promoted_at = CASE WHEN botdet_judge_trials.state = 'probation' THEN coalesce(t.promoted_at, clock_timestamp()) ELSE t.promoted_at END,
            ended_at = CASE WHEN botdet_judge_trials.state NOT IN ('shadow', 'probation') THEN clock_timestamp() END
        WHERE t.trial_id = trial.trial_id;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION botdet_judge_trials() IS
    'takes trials on: a candidate that has scored enough accounts in shadow, for long enough, becomes the champion unless labels told since show that it is worse (evidence of 20 to 1), it fails, or it calls far more or fewer accounts bots; the champion before is then in shadow, and comes back when labels show that it was better. One row a trial; whoever runs jobs calls it each minute';

-- What is due --------------------------------------------------------------------------------------------------------

CREATE FUNCTION botdet_plan_jobs()
RETURNS SETOF bigint
VOLATILE PARALLEL UNSAFE COST 100000 ROWS 4 SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO botdet.job (kind, detector, parameters, reason, asked_by)
    SELECT p.kind, p.detector, p.parameters, p.reason, coalesce(p.requested_by, botdet.actor())
    FROM (
        SELECT d.detector, d.requested_by, d.due_by,
               CASE WHEN d.due_by IS NOT NULL AND (s.retrains OR d.due_by = 'request') THEN 'retrain' ELSE 'update' END AS kind,
               CASE WHEN d.due_by = 'request' THEN (SELECT q.reason FROM botdet.retraining_request q WHERE q.detector = d.detector)
                    WHEN d.due_by = 'labels' THEN pg_catalog.concat(d.new_labels::text, ' new labels')
                    WHEN d.due_by = 'interval' THEN pg_catalog.concat(d.new_labels::text, ' new labels after ', d.retrain_interval::text)
                    ELSE pg_catalog.concat(u.labels::text, ' new labels since the last version') END AS reason,
               s.retrains, s.update_labels, s.parameters, u.labels
        FROM botdet.retraining_due d
        JOIN botdet.learning_settings s ON s.detector = d.detector
        CROSS JOIN LATERAL (
            SELECT count(*) AS labels FROM botdet.label l
            WHERE l.detector = d.detector AND l.labelled_at > greatest(
                d.last_trained_at,
                (SELECT max(j.started_at) FROM botdet.job j WHERE j.detector = d.detector AND j.kind = 'update' AND j.state = 'done')
            )
        ) AS u
        WHERE NOT EXISTS (SELECT FROM botdet.job j WHERE j.detector = d.detector AND j.state IN ('waiting', 'running'))
            AND NOT EXISTS (SELECT FROM botdet.trial t WHERE t.detector = d.detector AND t.ended_at IS NULL)
            -- What has just failed, or was just cancelled, is not tried again at once; somebody who asks is heard.
            AND NOT EXISTS (
                SELECT FROM botdet.job j
                WHERE j.detector = d.detector AND j.state IN ('failed', 'cancelled') AND j.finished_at > now() - d.retrain_interval
                    AND coalesce((SELECT q.requested_at FROM botdet.retraining_request q WHERE q.detector = d.detector) <= j.finished_at, true)
            )
    ) AS p
    WHERE botdet.learns(p.kind, p.detector) AND CASE p.kind
        -- Labels are no news to what learns from a table that holds the truth itself.
        WHEN 'retrain' THEN p.due_by = 'request' OR p.detector IN ('account', 'backlink')
        ELSE p.retrains AND p.labels >= p.update_labels
            AND EXISTS (SELECT FROM botdet.deployment c WHERE c.detector = p.detector AND c.alias = 'champion')
    END
    ON CONFLICT (detector) WHERE state IN ('waiting', 'running') DO NOTHING
    RETURNING job_id;
END;
COMMENT ON FUNCTION botdet_plan_jobs() IS
    'asks for the trainings that are due by botdet.retraining_due, and for updates of filters between them, where a job can do it, nothing is under way and nothing has just failed; returns the numbers of the jobs. Detectors that do not learn from botdet.label are due by request alone. Whoever runs jobs calls it each minute';
