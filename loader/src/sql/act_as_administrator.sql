-- $1 for whom; empty: for whoever has logged in.
SELECT set_config('role', 'botdet_admin', false), set_config('botdet.actor', $1, false)
