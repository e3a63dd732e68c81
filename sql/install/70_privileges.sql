-- Reading functions need SELECT on the tables they read, which nobody has without a grant. What writes or administers is
-- not even callable. botdet_flag() runs with its owner's rights on behalf of whoever may insert activity: attaching it to
-- a table of one's own would write states of any account.

REVOKE EXECUTE ON FUNCTION
    botdet_rebuild_state(bigint),
    botdet_refresh_scores(bigint[]),
    botdet_register_model(bytea, text),
    botdet_activate(text, text),
    botdet_deactivate(text),
    botdet_flag(),
    botdet.mark_stale(),
    botdet.mark_accounts_stale(bigint[]),
    botdet.deployment_changed(),
    botdet.refuse_change(),
    botdet.take_settings()
FROM PUBLIC;
