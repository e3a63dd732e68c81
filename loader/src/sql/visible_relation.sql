-- $1 name of a table, as it is and not quoted. Its number, when it is on the search path.
SELECT oid FROM pg_catalog.pg_class
WHERE relname OPERATOR(pg_catalog.=) $1::pg_catalog.text AND pg_catalog.pg_table_is_visible(oid)
    AND relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,m,f}')
