SELECT relation::pg_catalog.oid, pg_catalog.format('%I.%I', n.nspname, c.relname),
       s.account_column, s.occurred_at_column, s.action_column, s.content_column, s.device_column, s.ip_column,
       s.target_column, s.country_column, s.position_column, s.default_action, s.actions::pg_catalog.text, c.relowner
FROM botdet.source s
JOIN pg_catalog.pg_class c ON c.oid = s.relation
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p')
ORDER BY s.source_id
