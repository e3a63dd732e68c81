-- Roles, and what each may do:
--
--     botdet_reader ──► botdet_scorer ────► botdet_admin - - ► botdet_service
--             └───────► botdet_reviewer ──────┘
--
-- Each has the rights of those that point to it. botdet_service inherits none: what has logged in as a member of it checks tokens, and
-- takes on the role of each (SET LOCAL ROLE) before it does anything else. Roles belong to the whole server, and so outlive DROP EXTENSION: another
-- database may use them. They are DROP ROLE's to remove once the last database has done without them.
--
-- A role that is there already may have been made by the extension in another database, by a restored dump, by whoever set the server
-- up, or by somebody who may create roles and waits for what it is about to be granted. Who may create roles cannot make a membership
-- in a superuser's name: where a superuser has joined the five, they are ours. Otherwise they must be roles that nobody can log in
-- as, without attributes, and without members that somebody else than a superuser has made so.

DO $$
DECLARE
    roles constant text[] := ARRAY['botdet_reader', 'botdet_scorer', 'botdet_reviewer', 'botdet_admin', 'botdet_service'];
    purposes constant text[] := ARRAY[
        'sees scores, figures and versions of botdet, without what accounts wrote and who they are: for dashboards',
        'botdet_reader that also asks for scores and has them made: for applications and scheduled jobs',
        'botdet_reader that also sees accounts with what they did, has scores explained, and labels: for people who judge',
        'botdet_scorer and botdet_reviewer that also registers and activates versions, binds tables and archives: for administrators',
        'checks tokens and acts for their holders, in the role of each: for the login of the service, and nobody else'
    ];
    joined constant text[] := ARRAY[
        'botdet_reader', 'botdet_scorer', 'botdet_reader', 'botdet_reviewer', 'botdet_scorer', 'botdet_admin',
        'botdet_reviewer', 'botdet_admin', 'botdet_admin', 'botdet_service'
    ];
    are_ours boolean;
    found record;
    path constant text := pg_catalog.current_setting('search_path');
BEGIN
    -- Nothing that lies beside the extension is to be called here.
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    -- Others install in other databases. Held until the end of the transaction, in the way of nothing but changes of roles.
    LOCK TABLE pg_catalog.pg_authid IN SHARE ROW EXCLUSIVE MODE;
    SELECT count(*) = 5 INTO are_ours
    FROM generate_series(1, 10, 2) AS k
    JOIN pg_roles r ON r.rolname = joined[k]::name
    JOIN pg_roles m ON m.rolname = joined[k + 1]::name
    WHERE EXISTS (
        SELECT FROM pg_auth_members a JOIN pg_roles g ON g.oid = a.grantor
        WHERE a.roleid = r.oid AND a.member = m.oid AND g.rolsuper
    );
    IF NOT are_ours THEN
        FOR found IN
            SELECT r.rolname FROM pg_roles r
            WHERE r.rolname::text = ANY (roles)
                AND (r.rolcanlogin OR r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls)
        LOOP
            RAISE EXCEPTION 'role % is there already, and is more than a group', found.rolname
                USING ERRCODE = 'duplicate_object',
                      HINT = pg_catalog.format(
                          'Find out whose it is. Then DROP ROLE %1$I, or ALTER ROLE %1$I NOLOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS.',
                          found.rolname
                      );
        END LOOP;
        FOR found IN
            SELECT r.rolname, m.rolname AS member
            FROM pg_auth_members a
            JOIN pg_roles r ON r.oid = a.roleid
            JOIN pg_roles m ON m.oid = a.member
            WHERE r.rolname::text = ANY (roles)
                AND NOT EXISTS (SELECT FROM pg_roles g WHERE g.oid = a.grantor AND g.rolsuper)
        LOOP
            RAISE EXCEPTION 'role % is there already, and % is a member that no superuser has made one', found.rolname, found.member
                USING ERRCODE = 'duplicate_object',
                      HINT = pg_catalog.format(
                          'Find out why. Then REVOKE %I FROM %I; where it is right, GRANT it again as a superuser.',
                          found.rolname, found.member
                      );
        END LOOP;
    END IF;
    FOR i IN 1..5 LOOP
        IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = roles[i]::name) THEN
            EXECUTE pg_catalog.format(
                'CREATE ROLE %I NOLOGIN %s', roles[i], CASE roles[i] WHEN 'botdet_service' THEN 'NOINHERIT' ELSE 'INHERIT' END
            );
            EXECUTE pg_catalog.format('COMMENT ON ROLE %I IS %L', roles[i], purposes[i]);
        END IF;
    END LOOP;
    FOR i IN 1..10 BY 2 LOOP
        IF NOT are_ours THEN
            EXECUTE pg_catalog.format('GRANT %I TO %I', joined[i], joined[i + 1]);
        END IF;
    END LOOP;
    PERFORM set_config('search_path', path, true);
END
$$;

-- Readers: numbers, and no more of a person than the account's number and key --------------------------------------

GRANT USAGE ON SCHEMA botdet TO botdet_reader;
GRANT SELECT ON
    botdet.detector, botdet.deployment, botdet.deactivated_champion, botdet.labelled_answer, botdet.source, botdet.engagement_source, botdet.score, botdet.score_queue, botdet.score_rollup,
    botdet.rollup_progress, botdet.refresh, botdet.account_network, botdet.model_comparison, botdet.shadow_score,
    botdet.watch, botdet.rule, botdet.rule_version, botdet.shadow_comparison, botdet.version_performance, botdet.stat_models, botdet.stat_model_latency, botdet.feature_catalog, botdet.model_versions, botdet.queue_status, botdet.stat_progress_refresh,
    botdet.account_score_v1, botdet.flagged_v1, botdet.score_hourly_v1, botdet.score_daily_v1, botdet.label_v1,
    botdet.label_daily_v1, botdet.model_version_v1, botdet.activity_hourly_v1, botdet.activity_daily_v1, botdet.queue_v1,
    botdet.feedback_setting, botdet.feedback_settings, botdet.retraining_request, botdet.retraining_due, botdet.review_status,
    botdet.feedback_daily_v1, botdet.explored_performance,
    botdet.drift_setting, botdet.drift_settings, botdet.frozen_reference, botdet.feature_reference, botdet.drift_count,
    botdet.drift_score, botdet.drift_progress, botdet.drift_by_day, botdet.feature_drift, botdet.prediction_drift,
    botdet.estimated_performance, botdet.fairness, botdet.drift_alert_rule, botdet.alert, botdet.detector_input,
    botdet.job, botdet.learning_setting, botdet.learning_settings, botdet.trial
TO botdet_reader;
-- Who reviews, and what people wrote, is not for dashboards.
GRANT SELECT (
    review_id, account_id, detector, why, priority, propensity, state, follows, skips, bot_probability, scored_as_bot,
    model_version, queued_at, claimed_at, lease_until
) ON botdet.review TO botdet_reader;
-- Artifacts are large, and can be copied.
GRANT SELECT (
    model_version_id, detector, version, sha256, size_bytes, manifest, created_at, created_by, comment, validated_at,
    validated_by, probes, largest_difference, approved_at, approved_by
) ON botdet.model_version TO botdet_reader;
GRANT SELECT (account_id, account_key, source, created_at, is_verified, language, region) ON botdet.account TO botdet_reader;
GRANT SELECT (activity_id, account_id, occurred_at, action, country) ON botdet.activity TO botdet_reader;
GRANT SELECT (account_id, stale, archived_until) ON botdet.account_state TO botdet_reader;
GRANT SELECT (account_id, archived_until) ON botdet.archived_state TO botdet_reader;
GRANT SELECT (label_id, account_id, detector, is_bot, strategy, labelled_by, labelled_at, trust) ON botdet.label TO botdet_reader;
GRANT EXECUTE ON FUNCTION
    botdet.count_scores(timestamptz, timestamptz), botdet.is_refreshing(bigint), botdet_serving_version(bigint, text),
    botdet_test_condition(text, text, jsonb), botdet.built_in_rules(), botdet.model_statistics(), botdet.model_latencies(), botdet.performance(text, text, timestamptz), botdet.count_decisions(),
    botdet.reference_in(jsonb), botdet.slices_of(text, text, timestamptz, timestamptz),
    botdet.normal_tails(double precision), botdet.kolmogorov_tail(double precision),
    botdet.compare_shares(double precision[], double precision[], double precision, double precision),
    botdet.shares_of(bigint[], bigint, bigint),
    botdet.compare_counts(double precision[], double precision, bigint, bigint[], bigint, bigint),
    botdet.judge_drift(bigint, bigint, integer, double precision, double precision),
    botdet.counts_between(bigint, date, date, text, text), botdet_drift(text, date, date, date, date, text, text),
    botdet.deployment_tag(text)
TO botdet_reader;

-- Scorers and reviewers: what scores and explanations are made of. Functions read it with the caller's rights, so that policies on
-- rows hold for them, too --------------------------------------------------------------------------------------------

GRANT SELECT ON
    botdet.account, botdet.activity, botdet.account_state, botdet.archived_state, botdet.model_version, botdet.flagged_account,
    botdet.engagement_hourly, botdet.engagement_window, botdet.engagement_features_of_accounts,
    botdet.domain, botdet.backlink, botdet.page_similarity
TO botdet_scorer, botdet_reviewer;
GRANT EXECUTE ON FUNCTION
    botdet_features(bigint, timestamptz),
    botdet_features(text, timestamptz),
    botdet_features(uuid, timestamptz),
    botdet_try_condition(text, text, integer),
    botdet_account_state(bigint, timestamptz),
    botdet_score(bigint),
    botdet_score(text),
    botdet_score(uuid),
    botdet_score(bytea),
    botdet_score(botdet.account_features),
    botdet_score(text, jsonb),
    botdet_score(text, bigint),
    botdet_score(text, text),
    botdet.engagement_series_of(bigint),
    botdet_engagement_features(bigint),
    botdet_engagement_anomaly(bigint),
    botdet_backlink_features(text, timestamptz),
    botdet_backlink_scores(text, timestamptz),
    botdet_backlink_score(bigint),
    botdet.domain_of(text),
    botdet_score_batch(bigint[]),
    botdet_anomaly(bigint),
    botdet_anomaly(text),
    botdet_anomaly(uuid),
    botdet_anomaly(text, jsonb),
    botdet_explain(bigint),
    botdet_explain(text),
    botdet_explain(uuid),
    botdet_explain(text, jsonb),
    botdet_lockstep(timestamptz, timestamptz, integer, integer, integer, integer, double precision, integer, integer),
    botdet_duplicates(timestamptz, timestamptz, double precision, integer, integer, integer)
TO botdet_scorer, botdet_reviewer;

-- Scorers: states and scores made again, the queue, comparisons, roll-ups --------------------------------------------

-- What these functions find is written with the rights of the extension's owner. Accounts are read with those of whoever calls: a table
-- that is bound, and the policies on it, are closed to whom they were closed before.
GRANT INSERT, UPDATE ON botdet.refresh TO botdet_scorer;
GRANT SELECT, INSERT, DELETE ON botdet.refresh_account TO botdet_scorer;
-- Names that a bound table brings get numbers.
GRANT INSERT (account_id, account_key, source) ON botdet.account TO botdet_scorer;
GRANT USAGE ON SEQUENCE botdet.named_account_seq TO botdet_scorer;
GRANT EXECUTE ON ROUTINE
    botdet_rebuild_state(bigint),
    botdet_store_scores(bigint[]),
    botdet_score_pending(integer),
    botdet.score_pending_engagement(integer),
    botdet.store_engagement_scores(bigint[]),
    botdet_prewarm(text),
    botdet_refresh_features(boolean, integer, boolean),
    botdet_refresh_scores(boolean, integer, boolean),
    botdet_compare_accounts(timestamptz, timestamptz),
    botdet_compare_pages(timestamptz),
    botdet_store_backlink_scores(text),
    botdet_roll_up_scores(interval),
    botdet_sample_features(text, interval),
    botdet_sample_rows(text, jsonb[]),
    botdet_check_drift(),
    botdet.run_refresh(text, boolean, integer, boolean),
    botdet.begin_refresh(text, boolean, integer, boolean),
    botdet.list_refresh(bigint, boolean),
    botdet.list_accounts(bigint, regclass),
    botdet.number_names(text[]),
    botdet.read_keys(regclass, text),
    botdet.analyze_refresh(),
    botdet.refresh_states(bigint, bigint, integer),
    botdet.refresh_scores(bigint, bigint, integer),
    botdet.states_from_rows(bigint, bigint, bigint, bigint),
    botdet.scores_of_chunk(bigint, bigint, bigint, bigint),
    botdet.judged_anew_since(text),
    botdet.in_transaction_block(),
    botdet.note_refresh(bigint, bigint),
    botdet.end_refresh(bigint)
TO botdet_scorer;

-- Reviewers: labels. Who labels, and when, is not theirs to write ---------------------------------------------------

GRANT SELECT ON botdet.label TO botdet_reviewer;
GRANT INSERT (account_id, detector, is_bot, strategy, note), UPDATE (is_bot, strategy, note) ON botdet.label TO botdet_reviewer;
-- Decisions of others they do not see: a second one that knows of the first says little.
GRANT SELECT ON botdet.review TO botdet_reviewer;
GRANT EXECUTE ON FUNCTION
    botdet_claim_review(integer, interval, text, text),
    botdet_skip_review(bigint, text, text),
    botdet_escalate_review(bigint, text, text),
    botdet_decide_review(bigint, boolean, text, text, text, text),
    botdet_appeal(bigint, text, text),
    botdet_timeline(bigint, timestamptz, timestamptz), botdet_latest_events(bigint, integer),
    botdet.account_events_query(bigint), botdet.column_as_text(regclass, text),
    botdet_unusual_hours(bigint, timestamptz, timestamptz),
    botdet_label_history(bigint)
TO botdet_reviewer;
-- Applications pass on what their users object to.
GRANT EXECUTE ON FUNCTION botdet_appeal(bigint, text, text) TO botdet_scorer;

-- Administrators: data, versions, sources, retention. Versions are registered, deployed and approved by functions that check what
-- they do, and what triggers a table gets takes the right to that table ---------------------------------------------

GRANT SELECT, INSERT, UPDATE, DELETE ON
    botdet.account, botdet.activity, botdet.label, botdet.score, botdet.account_state, botdet.archived_state,
    botdet.account_network, botdet.score_queue, botdet.refresh, botdet.refresh_account, botdet.score_rollup,
    botdet.rollup_progress, botdet.model_comparison, botdet.shadow_score
TO botdet_admin;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON
    botdet.spammer, botdet.engagement_hourly, botdet.engagement_window, botdet.domain, botdet.backlink, botdet.page_similarity
TO botdet_admin;
GRANT SELECT ON botdet.backlink_training TO botdet_admin;
GRANT SELECT, UPDATE ON SEQUENCE botdet.backlink_backlink_id_seq, botdet.engagement_window_window_id_seq TO botdet_admin;
GRANT INSERT (detector, description, threshold, automatic_threshold, base_rate, insert_mode),
    UPDATE (description, threshold, automatic_threshold, base_rate, insert_mode)
ON botdet.detector TO botdet_admin;
GRANT INSERT (detector, name, condition, effect, weight, reason, enabled),
    UPDATE (condition, effect, weight, reason, enabled), DELETE
ON botdet.rule TO botdet_admin;
GRANT INSERT, DELETE ON botdet.source, botdet.engagement_source TO botdet_admin;
GRANT SELECT ON botdet.audit, botdet.review_decision, botdet.golden_review, botdet.reviewer_evidence, botdet.reviewer_trust
TO botdet_admin;
GRANT SELECT (token_id, holder, role, note, created_at, created_by, expires_at, revoked_at, revoked_by) ON botdet.api_token
TO botdet_admin;
GRANT SELECT (webhook_id, detector, url, events, created_at, created_by) ON botdet.webhook TO botdet_admin;
GRANT SELECT ON botdet.webhook_delivery TO botdet_admin;
GRANT INSERT, UPDATE, DELETE ON botdet.feedback_setting, botdet.drift_setting, botdet.learning_setting TO botdet_admin;
GRANT SELECT, INSERT (account_id, detector, is_bot), UPDATE (is_bot), DELETE ON botdet.golden_item TO botdet_admin;
GRANT SELECT, UPDATE ON SEQUENCE botdet.account_account_id_seq TO botdet_admin;
GRANT EXECUTE ON ROUTINE
    botdet_training_set(text, timestamptz),
    botdet_register_model(bytea, text),
    botdet_register_onnx(bytea, text, text),
    botdet_create_detector(text, text),
    botdet_validate_model(text, text),
    botdet_approve(text, text),
    botdet_activate(text, text),
    botdet_rollback(text, text),
    botdet_shadow(text, text),
    botdet_split(text, double precision, text),
    botdet_withdraw(text),
    botdet_deactivate(text),
    botdet_lock_deployment(text),
    botdet_revoke_token(bigint),
    botdet_watch(text, double precision, integer, text),
    botdet_unwatch(text),
    botdet_check_watches(),
    botdet_reset_statistics(),
    botdet_fill_review_queue(text, integer),
    botdet_request_retraining(text, text),
    botdet_request_job(text, text, jsonb, text),
    botdet_cancel_job(bigint),
    botdet_create_webhook(text, text[], text),
    botdet_delete_webhook(bigint),
    botdet_plan_jobs(),
    botdet_judge_trials(),
    botdet.take_job(),
    botdet.note_job(bigint, integer, text, double precision),
    botdet.end_job(bigint, integer, text, text, text, jsonb),
    botdet.drop_jobs(),
    botdet.begin_trial(text, text, bigint, text),
    botdet_freeze_reference(text, text, integer, integer),
    botdet_watch_drift(text, double precision, double precision, integer, text, text),
    botdet_unwatch_drift(text, text, text),
    botdet.challenge(text, double precision, text),
    botdet_flag(),
    botdet_bind_source(regclass, text, text, text, text, text, text, text, text, text, text, jsonb, boolean, boolean),
    botdet_unbind_source(regclass),
    botdet_bind_engagement(regclass, text, text, text, text, text, text, text),
    botdet_unbind_engagement(regclass),
    botdet.follow_engagement(),
    botdet.check_engagement_column(regclass, text, text),
    botdet.engagement_query(regclass, text),
    botdet.add_engagement(botdet.engagement_hourly[], boolean),
    botdet.take_off_engagement(botdet.engagement_hourly[]),
    botdet_create_partitions(regclass, interval, interval, timestamptz),
    botdet_archive(regclass, timestamptz, integer),
    botdet_drop_partitions(regclass, interval, timestamptz, boolean, integer),
    botdet.create_source_triggers(regclass),
    botdet.check_column(regclass, text, text),
    botdet.archive_accounts(bigint[], timestamptz),
    botdet.unarchived_accounts(regclass, timestamptz),
    botdet.partitions_by_time(regclass),
    botdet.guard_partition(regclass, boolean),
    botdet.drop_partition(regclass, regclass, boolean)
TO botdet_admin;

-- The service: tokens, and no data -------------------------------------------------------------------------------------

GRANT USAGE ON SCHEMA botdet TO botdet_service;
GRANT SELECT (token_id, holder, role, note, created_at, created_by, expires_at, revoked_at, revoked_by) ON botdet.api_token
TO botdet_service;
GRANT EXECUTE ON FUNCTION
    botdet_create_token(text, text, interval, text),
    botdet_revoke_token(bigint),
    botdet.check_token(bytea),
    botdet.take_deliveries(integer),
    botdet.end_delivery(bigint, integer, integer, text),
    botdet.begin_session(bytea, interval),
    botdet.check_session(bytea),
    botdet.end_session(bytea),
    botdet.find_answer(bigint, text, bytea),
    botdet.keep_answer(bigint, text, bytea, integer, jsonb, bytea, interval)
TO botdet_service;
