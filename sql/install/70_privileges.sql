-- Reading functions need SELECT on the tables they read, which nobody has without a grant. What writes or administers is
-- not even callable. Inserting into a bound table takes no more than the right to do so: its triggers note what changed, and
-- states and scores are written with the rights of the extension's owner.

REVOKE EXECUTE ON FUNCTION
    botdet_rebuild_state(bigint),
    botdet_refresh_scores(bigint[]),
    botdet_register_model(bytea, text),
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
    botdet.sources_changed(),
    botdet.deployment_changed(),
    botdet.refuse_change(),
    botdet.take_settings()
FROM PUBLIC;

REVOKE EXECUTE ON PROCEDURE
    botdet_archive(regclass, timestamptz, integer),
    botdet_drop_partitions(regclass, interval, timestamptz, boolean, integer)
FROM PUBLIC;
