-- Least privilege for the database of a book: run as a superuser in that database, after a node has made its tables once,
-- and again after an update of the program has changed them. No node may run meanwhile. What an update changes is changed by
-- a node that signs in once as the role that made the tables, or as a superuser: audit_node may not, and says so. Nodes go
-- on with audit_node after it; who may cut is said here alone.
--
--   audit_owner  owns the journal and the log; nobody signs in as it
--   audit_node   what nodes sign in as: it appends to the journal and reads it, and can neither update, delete nor truncate
--                it, nor drop its triggers or change its functions
--   audit_keeper what `audit keep run --store …` signs in as: it reads, and may call journal_cut_rows, which lets rows of
--                whole sessions go where an event names the archive that has them, and no hold stands; nothing else
--
-- Give the roles passwords afterwards: ALTER ROLE audit_node PASSWORD '…', and another for audit_keeper, which is for no
-- node and no data directory of one. audit_node owns the schemas of the read models,
-- which can be thrown away at any time and are built anew from the journal.

DO $$
DECLARE
    t record;
    f record;
BEGIN
    IF to_regprocedure('public.journal_cut_rows(bigint, text, bytea, bytea, text[], bigint[], bytea[])') IS NULL THEN
        RAISE EXCEPTION 'the tables are not those of this program: start a node of it once, as the role that is to make '
            'them or made them, and run this again';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'audit_owner') THEN
        CREATE ROLE audit_owner NOLOGIN NOINHERIT;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'audit_node') THEN
        CREATE ROLE audit_node LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
    END IF;

    DROP SCHEMA IF EXISTS audit_read, audit_read_old, audit_read_next, audit_search, audit_search_old, audit_search_next
        CASCADE;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'audit_keeper') THEN
        CREATE ROLE audit_keeper LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
    END IF;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO audit_keeper', current_database());
    EXECUTE format('GRANT CONNECT, CREATE, TEMPORARY ON DATABASE %I TO audit_node', current_database());
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    ALTER SCHEMA audit_log OWNER TO audit_owner;
    GRANT USAGE ON SCHEMA public, audit_log TO audit_node, audit_keeper;

    FOR t IN SELECT format('%I.%I', schemaname, tablename) AS name, tablename
             FROM pg_tables WHERE schemaname IN ('public', 'audit_log')
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO audit_owner', t.name);
        EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, audit_node, audit_keeper', t.name);
        IF t.tablename NOT IN ('tokens', 'browser_sessions', 'states') THEN
            EXECUTE format('GRANT SELECT ON %s TO audit_keeper', t.name);
        END IF;
        CASE t.tablename
            WHEN 'schema_version', 'erased_contents', 'erasures_read', 'journal_cut', 'journal_cut_stream' THEN
                EXECUTE format('GRANT SELECT ON %s TO audit_node', t.name);
            WHEN 'journal' THEN
                -- Without the right on its position nobody can say where in the book a row is to lie.
                EXECUTE format('GRANT SELECT, INSERT (created, deleted, persistence_id, sequence_number, message, '
                    'manifest, identifier, writer_uuid) ON %s TO audit_node', t.name);
                EXECUTE 'GRANT SELECT ON SEQUENCE public.journal_ordering_seq TO audit_node';
            WHEN 'payload_keys' THEN
                -- Whoever ends a key ends the content under it: journal_end_key does, which asks for the erasure's event.
                EXECUTE format('GRANT SELECT, INSERT ON %s TO audit_node', t.name);
            WHEN 'meta', 'unproven' THEN
                EXECUTE format('GRANT SELECT, INSERT ON %s TO audit_node', t.name);
            WHEN 'log', 'tile', 'bundle' THEN
                EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO audit_node', t.name);
            WHEN 'checkpoint' THEN
                EXECUTE format('GRANT SELECT, INSERT, DELETE ON %s TO audit_node', t.name);
            ELSE
                EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO audit_node', t.name);
        END CASE;
    END LOOP;

    FOR f IN SELECT p.oid::regprocedure AS name
             FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
             WHERE n.nspname = 'public' AND p.proname LIKE 'journal\_%'
    LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO audit_owner', f.name);
    END LOOP;

    -- Only the nodes end keys, only the keeper cuts.
    REVOKE ALL ON FUNCTION public.journal_end_key(text), public.journal_replace_key(text, text, bytea) FROM PUBLIC, audit_keeper;
    GRANT EXECUTE ON FUNCTION public.journal_end_key(text), public.journal_replace_key(text, text, bytea) TO audit_node;
    REVOKE ALL ON FUNCTION public.journal_cut_rows(bigint, text, bytea, bytea, text[], bigint[], bytea[]) FROM PUBLIC, audit_node;
    GRANT EXECUTE ON FUNCTION public.journal_cut_rows(bigint, text, bytea, bytea, text[], bigint[], bytea[]) TO audit_keeper;
END $$;
