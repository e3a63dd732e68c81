-- Run once, by the image's entry point: logins for the service, for dashboards and for hourly jobs, each with the password that
-- is mounted for it below /run/secrets, or BOTDET_SECRETS. Where none is mounted, that login is not made, and the log says so.
-- psql itself reads the backquotes, so that no password stands on a command line.
\set QUIET on
SET password_encryption = 'scram-sha-256';

\set service_password `cat "${BOTDET_SECRETS:-/run/secrets}/service_password" 2>/dev/null || true`
SELECT :'service_password' <> '' AS is_given \gset
\if :is_given
CREATE ROLE botdet_api LOGIN NOINHERIT CONNECTION LIMIT 100 PASSWORD :'service_password';
GRANT botdet_service TO botdet_api;
\else
\warn 'no secret service_password: login botdet_api is not made'
\endif

\set grafana_password `cat "${BOTDET_SECRETS:-/run/secrets}/grafana_database_password" 2>/dev/null || true`
SELECT :'grafana_password' <> '' AS is_given \gset
\if :is_given
-- Whoever edits a dashboard can send any statement: it reads only, and not for long.
CREATE ROLE grafana LOGIN CONNECTION LIMIT 20 PASSWORD :'grafana_password';
GRANT botdet_reader TO grafana;
ALTER ROLE grafana SET default_transaction_read_only = on;
ALTER ROLE grafana SET statement_timeout = '30s';
\else
\warn 'no secret grafana_database_password: login grafana is not made'
\endif

\set jobs_password `cat "${BOTDET_SECRETS:-/run/secrets}/jobs_password" 2>/dev/null || true`
SELECT :'jobs_password' <> '' AS is_given \gset
\if :is_given
CREATE ROLE botdet_jobs LOGIN CONNECTION LIMIT 5 PASSWORD :'jobs_password';
GRANT botdet_scorer TO botdet_jobs;
\else
\warn 'no secret jobs_password: login botdet_jobs is not made'
\endif
