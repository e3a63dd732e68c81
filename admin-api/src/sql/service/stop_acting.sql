SELECT set_config('role', 'none', true), set_config('botdet.actor', '', true)
