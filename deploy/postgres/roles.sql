-- Least privilege for the database of a book: run as a superuser in that database, after a node has made its tables once,
-- and again after an update of the program has changed them. No node may run meanwhile.
--
--   audit_owner  owns the journal and the log; nobody signs in as it
--   audit_node   what nodes sign in as: it appends to the journal and reads it, and can neither update, delete nor truncate
--                it, nor drop its triggers or change its functions
--
-- Give the nodes' role a password afterwards: ALTER ROLE audit_node PASSWORD '…'. It owns the schemas of the read models,
-- which can be thrown away at any time and are built anew from the journal.

DO $$
DECLARE
    t record;
    f record;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'audit_owner') THEN
        CREATE ROLE audit_owner NOLOGIN NOINHERIT;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'audit_node') THEN
        CREATE ROLE audit_node LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
    END IF;

    DROP SCHEMA IF EXISTS audit_read, audit_read_old, audit_read_next, audit_search, audit_search_old, audit_search_next
        CASCADE;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT, CREATE, TEMPORARY ON DATABASE %I TO audit_node', current_database());
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    ALTER SCHEMA audit_log OWNER TO audit_owner;
    GRANT USAGE ON SCHEMA public, audit_log TO audit_node;

    FOR t IN SELECT format('%I.%I', schemaname, tablename) AS name, tablename
             FROM pg_tables WHERE schemaname IN ('public', 'audit_log')
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO audit_owner', t.name);
        EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, audit_node', t.name);
        CASE t.tablename
            WHEN 'schema_version', 'erased_contents', 'erasures_read' THEN
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
END $$;
