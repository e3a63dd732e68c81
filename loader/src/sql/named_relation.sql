-- $1 name of a table, as SQL has it: quoted where need be, with a schema or without.
SELECT pg_catalog.to_regclass($1)::pg_catalog.oid
