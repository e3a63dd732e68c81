-- Reading functions need SELECT on the tables they read, which nobody has without a grant. What writes or administers is
-- not even callable. Inserting into a bound table takes no more than the right to do so: its triggers note what changed, and
-- states and scores are written with the rights of the extension's owner.

REVOKE EXECUTE ON ROUTINE
    botdet_rebuild_state(bigint),
    botdet_refresh_features(boolean, integer, boolean),
    botdet_refresh_scores(boolean, integer, boolean),
    botdet.run_refresh(text, boolean, integer, boolean),
    botdet.begin_refresh(text, boolean, integer, boolean),
    botdet.analyze_refresh(),
    botdet.is_refreshing(bigint),
    botdet.states_from_rows(bigint, bigint, bigint, bigint),
    botdet.scores_of_chunk(bigint, bigint, bigint, bigint),
    botdet.list_accounts(bigint, regclass),
    botdet.list_refresh(bigint, boolean),
    botdet.refresh_states(bigint, bigint, integer),
    botdet.refresh_scores(bigint, bigint, integer),
    botdet.note_refresh(bigint, bigint),
    botdet.end_refresh(bigint),
    botdet_store_scores(bigint[]),
    botdet_score_pending(integer),
    botdet_register_model(bytea, text),
    botdet_create_detector(text, text),
    botdet_activate(text, text),
    botdet_deactivate(text),
    botdet_flag(),
    botdet_compare_accounts(timestamptz, timestamptz),
    botdet_bind_source(regclass, text, text, text, text, text, text, text, text, text, text, jsonb, boolean, boolean),
    botdet_unbind_source(regclass),
    botdet_create_partitions(regclass, interval, interval, timestamptz),
    botdet.archive_accounts(bigint[], timestamptz),
    botdet.in_transaction_block(),
    botdet.follow_archive(),
    botdet.unarchived_accounts(regclass, timestamptz),
    botdet.guard_partition(regclass, boolean),
    botdet.guard_partitions(),
    botdet.partitions_by_time(regclass),
    botdet.drop_partition(regclass, regclass, boolean),
    botdet.create_source_triggers(regclass),
    botdet.check_column(regclass, text, text),
    botdet.number_names(text[]),
    botdet.state_add(internal, timestamptz, text),
    botdet.state_add(internal, timestamptz, text, text),
    botdet.state_add(internal, timestamptz, text, text, text, inet, text, text, bigint),
    botdet.state_join(internal, internal),
    botdet.state_send(internal),
    botdet.state_receive(bytea, internal),
    botdet.state_finish(internal),
    botdet.sources_changed(),
    botdet.deployment_changed(),
    botdet.refuse_change(),
    botdet.take_settings()
FROM PUBLIC;

REVOKE EXECUTE ON PROCEDURE
    botdet_archive(regclass, timestamptz, integer),
    botdet_drop_partitions(regclass, interval, timestamptz, boolean, integer)
FROM PUBLIC;
