-- Who may label cannot label in another's name: the grants leave out the columns that say who and when, whose defaults tell. An
-- update has no defaults.

CREATE FUNCTION botdet.sign_label()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    NEW.labelled_by := botdet.actor();
    -- A remark makes no new label: it would count as told after the versions that learned from it.
    IF NEW.is_bot IS DISTINCT FROM OLD.is_bot THEN
        NEW.labelled_at := now();
        -- Whose trust it was is not who says so now.
        NEW.trust := NULL;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION botdet.sign_label() IS 'trigger: a label that is changed is that of whoever changed it';

CREATE TRIGGER sign_label
BEFORE UPDATE ON botdet.label
FOR EACH ROW
WHEN (OLD.labelled_by = NEW.labelled_by AND OLD.labelled_at = NEW.labelled_at)
EXECUTE FUNCTION botdet.sign_label();
