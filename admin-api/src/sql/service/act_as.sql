-- $1 text: role. $2 text: holder of the token. Both until the transaction ends.
SELECT set_config('role', $1, true), set_config('botdet.actor', $2, true)
