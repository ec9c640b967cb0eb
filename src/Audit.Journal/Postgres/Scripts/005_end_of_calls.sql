-- Ends the keys of single calls: the session's is replaced. As before whoever does it has written the event that says
-- so, and one that names calls ends no whole session.
DO $make$
DECLARE
    book text := quote_ident(current_schema());
BEGIN
    EXECUTE replace($body$
        CREATE FUNCTION journal_require_erasure(of_owner text, of_calls boolean) RETURNS void
        SET search_path = pg_catalog, pg_temp LANGUAGE plpgsql AS $$
        DECLARE
            facts json;
        BEGIN
            FOR facts IN
                SELECT CASE WHEN position(convert_to('"act":"content.erased"', 'UTF8') IN message) > 0
                    THEN convert_from(message, 'UTF8')::json END
                FROM BOOK.journal WHERE persistence_id = 'operator|keeping'
            LOOP
                IF facts ->> 'act' = 'content.erased' AND facts -> 'facts' ->> 'owner' = of_owner
                    AND (facts -> 'facts' -> 'calls' IS NOT NULL) = of_calls THEN
                    RETURN;
                END IF;
            END LOOP;
            RAISE EXCEPTION 'no erasure of this content is in the journal' USING ERRCODE = 'restrict_violation';
        END $$;
        CREATE OR REPLACE FUNCTION journal_end_key(of_owner text) RETURNS void SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM BOOK.journal_require_erasure(of_owner, false);
            UPDATE BOOK.payload_keys SET wrapped = NULL WHERE owner = of_owner;
        END $$;
        CREATE FUNCTION journal_replace_key(of_owner text, new_id text, new_key bytea) RETURNS void SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM BOOK.journal_require_erasure(of_owner, true);
            UPDATE BOOK.payload_keys SET key_id = new_id, wrapped = new_key
            WHERE owner = of_owner AND wrapped IS NOT NULL;
        END $$;
        $body$, 'BOOK', book);
END $make$;
