-- Run by PostgreSQL's image once, in an empty data folder: the collector's
-- account and database, and two accounts that people's SQL runs as. Passwords
-- come from files, so that none is in a command line.
\set collector `cat /run/secrets/postgres_muster_password`
\set reader `cat /run/secrets/postgres_reader_password`
\set personal `cat /run/secrets/postgres_personal_password`
CREATE ROLE muster LOGIN PASSWORD :'collector';
CREATE ROLE muster_reader LOGIN PASSWORD :'reader';
CREATE ROLE muster_personal LOGIN PASSWORD :'personal';
CREATE DATABASE muster OWNER muster ENCODING 'UTF8' TEMPLATE template0;
