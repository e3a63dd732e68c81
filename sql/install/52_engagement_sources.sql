-- Tables of yours as sources of engagement: what their rows count is added up by the hour in botdet.engagement_hourly, whose own
-- triggers judge it. So a table of single likes is read once, when a like is inserted, and not for every score.

CREATE FUNCTION botdet.check_engagement_column(relation regclass, role text, column_name text)
RETURNS void
STRICT STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    type_ oid;
    accepted text;
    fits boolean;
BEGIN
    SELECT a.atttypid INTO type_
    FROM pg_attribute a
    WHERE a.attrelid = relation AND a.attname = column_name AND a.attnum > 0 AND NOT a.attisdropped;
    IF type_ IS NULL THEN
        RAISE EXCEPTION 'table % has no column %', relation, column_name
            USING ERRCODE = 'undefined_column', HINT = format('%s has to name a column of the table.', role);
    END IF;
    -- Types that come with Postgres alone: rows are read with the rights of the trigger's owner, and no cast of anybody else's
    -- may run with these.
    CASE role
        WHEN 'at' THEN
            accepted := 'timestamptz or timestamp';
            fits := type_ IN ('timestamptz'::regtype, 'timestamp'::regtype);
        WHEN 'metric' THEN
            accepted := 'text, varchar or an enum';
            fits := type_ IN ('text'::regtype, 'varchar'::regtype)
                OR EXISTS (SELECT FROM pg_type t WHERE t.oid = type_ AND t.typtype = 'e');
        ELSE
            accepted := 'bigint, integer or smallint';
            fits := type_ IN ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype);
    END CASE;
    IF NOT fits THEN
        RAISE EXCEPTION 'column % of table % has type %, which does not fit %', column_name, relation, type_::regtype, role
            USING ERRCODE = 'datatype_mismatch', HINT = format('The type may be %s.', accepted);
    END IF;
END
$$;
COMMENT ON FUNCTION botdet.check_engagement_column(regclass, text, text) IS
    'an error unless the table has the column, and its type fits what it is bound for';

CREATE FUNCTION botdet.engagement_query(relation regclass, rows text)
RETURNS text
STRICT STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    source botdet.engagement_source;
    at text;
    counts text;
    known text := '';
BEGIN
    SELECT s.* INTO source FROM botdet.engagement_source s WHERE s.relation = engagement_query.relation;
    IF source.relation IS NULL THEN
        RETURN NULL;
    END IF;
    -- Again, as columns change after they are bound.
    PERFORM botdet.check_engagement_column(engagement_query.relation, r.role, r.column_name)
    FROM (VALUES
        ('account_id', source.account_column), ('at', source.at_column), ('views', source.views_column),
        ('likes', source.likes_column), ('comments', source.comments_column), ('shares', source.shares_column),
        ('metric', source.metric_column)
    ) AS r (role, column_name)
    WHERE r.column_name IS NOT NULL;
    at := format('r.%I', source.at_column);
    IF EXISTS (
        SELECT FROM pg_attribute a
        WHERE a.attrelid = engagement_query.relation AND a.attname = source.at_column AND a.atttypid = 'timestamp'::regtype
    ) THEN
        at := at || ' AT TIME ZONE $z$UTC$z$';
    END IF;
    SELECT string_agg(
        CASE
            WHEN source.metric_column IS NOT NULL THEN
                format('CASE WHEN lower(r.%I::text) IN (%L, %L) THEN 1 ELSE 0 END', source.metric_column, m.name, m.name || 's')
            WHEN m.column_name IS NULL THEN 'NULL::bigint'
            -- What is below 0 is not known.
            ELSE format('CASE WHEN r.%1$I >= 0 THEN r.%1$I END', m.column_name)
        END || format(' AS %ss', m.name), ', '
    ) INTO counts
    FROM (VALUES
        ('view', source.views_column), ('like', source.likes_column), ('comment', source.comments_column),
        ('share', source.shares_column)
    ) AS m (name, column_name);
    IF source.metric_column IS NOT NULL THEN
        known := format(
            ' AND lower(r.%I::text) = ANY (%L::text[])', source.metric_column,
            ARRAY['view', 'views', 'like', 'likes', 'comment', 'comments', 'share', 'shares']
        );
    END IF;
    -- In the order of the key, as everybody locks hours.
    RETURN format(
        'SELECT array_agg(ROW(h.account_id, h.hour, h.views, h.likes, h.comments, h.shares)::botdet.engagement_hourly
                          ORDER BY h.account_id, h.hour)
         FROM (
             SELECT c.account_id, c.hour,
                    CASE WHEN count(c.views) > 0 THEN least(sum(c.views), 1::bigint << 50) END AS views,
                    CASE WHEN count(c.likes) > 0 THEN least(sum(c.likes), 1::bigint << 50) END AS likes,
                    CASE WHEN count(c.comments) > 0 THEN least(sum(c.comments), 1::bigint << 50) END AS comments,
                    CASE WHEN count(c.shares) > 0 THEN least(sum(c.shares), 1::bigint << 50) END AS shares
             FROM (
                 SELECT r.%1$I AS account_id, date_trunc($z$hour$z$, %2$s, $z$UTC$z$) AS hour, %3$s
                 FROM %4$s r WHERE r.%1$I IS NOT NULL AND isfinite(r.%5$I)%6$s
             ) c
             GROUP BY c.account_id, c.hour
         ) h',
        source.account_column, at, counts, rows, source.at_column, known
    );
END
$$;
COMMENT ON FUNCTION botdet.engagement_query(regclass, text) IS
    'query that reads rows of a bound table as an array of hours; NULL for a table that is not bound';

CREATE FUNCTION botdet.add_engagement(hours botdet.engagement_hourly[], fill boolean)
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    IF fill THEN
        -- Where every row is one event, an hour without any was quiet.
        INSERT INTO botdet.engagement_hourly (account_id, hour, views, likes, comments, shares)
        SELECT t.account_id, h, 0, 0, 0, 0
        FROM (
            SELECT c.account_id, min(c.hour) AS earliest, max(c.hour) AS latest FROM unnest(hours) c GROUP BY c.account_id
        ) t
        CROSS JOIN LATERAL (
            SELECT max(e.hour) AS hour FROM botdet.engagement_hourly e
            WHERE e.account_id = t.account_id AND e.hour < t.earliest
        ) b
        CROSS JOIN LATERAL (
            SELECT min(e.hour) AS hour FROM botdet.engagement_hourly e
            WHERE e.account_id = t.account_id AND e.hour > t.latest
        ) a
        CROSS JOIN LATERAL generate_series(
            greatest(coalesce(b.hour, t.earliest), coalesce(a.hour, t.latest) - interval '8783 hours'),
            coalesce(a.hour, t.latest), interval '1 hour'
        ) h
        ORDER BY t.account_id, h
        ON CONFLICT ON CONSTRAINT engagement_hourly_pkey DO NOTHING;
    END IF;
    INSERT INTO botdet.engagement_hourly AS e (account_id, hour, views, likes, comments, shares)
    SELECT c.account_id, c.hour, c.views, c.likes, c.comments, c.shares FROM unnest(hours) c
    ON CONFLICT ON CONSTRAINT engagement_hourly_pkey DO UPDATE SET
        views = CASE WHEN excluded.views IS NULL THEN e.views ELSE least(coalesce(e.views, 0)::numeric + excluded.views, 1::bigint << 50)::bigint END,
        likes = CASE WHEN excluded.likes IS NULL THEN e.likes ELSE least(coalesce(e.likes, 0)::numeric + excluded.likes, 1::bigint << 50)::bigint END,
        comments = CASE WHEN excluded.comments IS NULL THEN e.comments ELSE least(coalesce(e.comments, 0)::numeric + excluded.comments, 1::bigint << 50)::bigint END,
        shares = CASE WHEN excluded.shares IS NULL THEN e.shares ELSE least(coalesce(e.shares, 0)::numeric + excluded.shares, 1::bigint << 50)::bigint END;
END
$$;
COMMENT ON FUNCTION botdet.add_engagement(botdet.engagement_hourly[], boolean) IS
    'adds counts to those of botdet.engagement_hourly; with fill, hours between are quiet';

CREATE FUNCTION botdet.take_off_engagement(hours botdet.engagement_hourly[])
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE sql AS $$
    UPDATE botdet.engagement_hourly e SET
        views = CASE WHEN e.views IS NOT NULL THEN greatest(e.views - coalesce(c.views, 0), 0) END,
        likes = CASE WHEN e.likes IS NOT NULL THEN greatest(e.likes - coalesce(c.likes, 0), 0) END,
        comments = CASE WHEN e.comments IS NOT NULL THEN greatest(e.comments - coalesce(c.comments, 0), 0) END,
        shares = CASE WHEN e.shares IS NOT NULL THEN greatest(e.shares - coalesce(c.shares, 0), 0) END
    FROM unnest(hours) c
    WHERE e.account_id = c.account_id AND e.hour = c.hour
$$;
COMMENT ON FUNCTION botdet.take_off_engagement(botdet.engagement_hourly[]) IS
    'takes counts off those of botdet.engagement_hourly; an hour that nothing is left of was quiet';

CREATE FUNCTION botdet.follow_engagement()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off
LANGUAGE plpgsql AS $$
DECLARE
    hours botdet.engagement_hourly[];
BEGIN
    IF NOT EXISTS (SELECT FROM botdet.engagement_source s WHERE s.relation = TG_RELID) THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION 'table % is bound as engagement, and is not truncated', TG_RELID::regclass
            USING ERRCODE = 'feature_not_supported',
                  HINT = format('DELETE FROM it, or call botdet_unbind_engagement(%L) first.', TG_RELID::regclass);
    END IF;
    -- Only here are there the rows of the statement.
    IF TG_OP <> 'DELETE' THEN
        EXECUTE botdet.engagement_query(TG_RELID, 'new_rows') INTO hours;
        PERFORM botdet.add_engagement(hours, s.metric_column IS NOT NULL)
        FROM botdet.engagement_source s
        WHERE s.relation = TG_RELID;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        EXECUTE botdet.engagement_query(TG_RELID, 'old_rows') INTO hours;
        PERFORM botdet.take_off_engagement(hours);
    END IF;
    RETURN NULL;
EXCEPTION WHEN datatype_mismatch OR undefined_column THEN
    -- The rows are worth more than their count.
    RAISE WARNING 'rows of % were not counted: %', TG_RELID::regclass, sqlerrm
        USING HINT = 'Call botdet_unbind_engagement(), and bind the table anew.';
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION botdet.follow_engagement() IS
    'trigger on a bound table: adds what was inserted to botdet.engagement_hourly, and takes off what was deleted';

CREATE FUNCTION botdet_bind_engagement(
    relation regclass, account_id text, at text, views text DEFAULT NULL, likes text DEFAULT NULL, comments text DEFAULT NULL,
    shares text DEFAULT NULL, metric text DEFAULT NULL
)
RETURNS bigint
VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    table_ pg_class;
    changes constant text[] := ARRAY[
        'INSERT', 'REFERENCING NEW TABLE AS new_rows', 'UPDATE', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows',
        'DELETE', 'REFERENCING OLD TABLE AS old_rows', 'TRUNCATE', ''
    ];
    hours botdet.engagement_hourly[];
BEGIN
    IF relation IS NULL OR account_id IS NULL OR at IS NULL THEN
        RAISE EXCEPTION 'relation, account_id and at must not be NULL' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF (metric IS NOT NULL) = (num_nonnulls(views, likes, comments, shares) > 0) THEN
        RAISE EXCEPTION 'either metric or columns of counts have to be named'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Rows are counts (views => ''...'', likes => ''...''), or events, and metric says which.';
    END IF;
    SELECT c.* INTO table_ FROM pg_class c WHERE c.oid = relation;
    IF table_.relkind NOT IN ('r', 'p') OR table_.relpersistence = 't' OR table_.relispartition THEN
        RAISE EXCEPTION '% is not a permanent table', relation
            USING ERRCODE = 'wrong_object_type', HINT = 'Bind the table that rows are inserted into.';
    END IF;
    IF relation = 'botdet.engagement_hourly'::regclass
        OR EXISTS (SELECT FROM botdet.engagement_source s WHERE s.relation = botdet_bind_engagement.relation) THEN
        RAISE EXCEPTION '% is bound already', relation
            USING ERRCODE = 'duplicate_object', HINT = format('To change how, call botdet_unbind_engagement(%L) first.', relation);
    END IF;
    INSERT INTO botdet.engagement_source (
        relation, account_column, at_column, views_column, likes_column, comments_column, shares_column, metric_column
    ) VALUES (relation, account_id, at, views, likes, comments, shares, metric);
    PERFORM botdet.engagement_query(relation, relation::text);
    FOR i IN 1..8 BY 2 LOOP
        EXECUTE format(
            'CREATE TRIGGER %I AFTER %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION botdet.follow_engagement()',
            'botdet_engagement_' || lower(changes[i]), changes[i], relation, changes[i + 1]
        );
    END LOOP;
    -- From here on nobody else writes to the table until this transaction ends.
    EXECUTE botdet.engagement_query(relation, relation::text) INTO hours;
    PERFORM botdet.add_engagement(hours, metric IS NOT NULL);
    RETURN (SELECT count(DISTINCT h.account_id) FROM unnest(hours) h);
END
$$;
COMMENT ON FUNCTION botdet_bind_engagement(regclass, text, text, text, text, text, text, text) IS
    'makes a table of yours a source of engagement, with counts at any time within the hour or, with metric, a row for each view, like, comment or share: adds its rows up in botdet.engagement_hourly, and follows what is inserted, updated and deleted; returns how many accounts it has';

CREATE FUNCTION botdet_unbind_engagement(relation regclass)
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    operation text;
BEGIN
    DELETE FROM botdet.engagement_source s WHERE s.relation = botdet_unbind_engagement.relation;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% is not bound', relation
            USING ERRCODE = 'undefined_object', HINT = 'botdet.engagement_source lists the tables that are.';
    END IF;
    IF EXISTS (SELECT FROM pg_class c WHERE c.oid = botdet_unbind_engagement.relation) THEN
        FOREACH operation IN ARRAY ARRAY['insert', 'update', 'delete', 'truncate'] LOOP
            EXECUTE format('DROP TRIGGER IF EXISTS %I ON %s', 'botdet_engagement_' || operation, relation);
        END LOOP;
    END IF;
END
$$;
COMMENT ON FUNCTION botdet_unbind_engagement(regclass) IS
    'ends what botdet_bind_engagement() began; the hours that were added up stay. Also for a table that is gone';
