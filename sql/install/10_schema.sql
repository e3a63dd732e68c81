-- Everything that is stored lies in schema botdet. Functions, with the prefix botdet_, lie in the extension's own schema.

CREATE SCHEMA botdet;
COMMENT ON SCHEMA botdet IS 'tables, views and types of the bot detection extension';
