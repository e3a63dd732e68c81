-- Links may have been loaded with numbers of their own: new ones begin behind the highest.
SELECT setval(pg_get_serial_sequence('botdet.backlink', 'backlink_id'), max(backlink_id))
FROM botdet.backlink
HAVING max(backlink_id) > (SELECT last_value FROM botdet.backlink_backlink_id_seq)
