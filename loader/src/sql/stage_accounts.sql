CREATE TEMPORARY TABLE loading_account (
    account_key text, created_at timestamptz, username text, display_name text, description text, location text,
    website text, has_avatar boolean, is_verified boolean, followers bigint, following bigint, language text, region text,
    is_bot boolean, strategy text
) ON COMMIT DROP
