-- Ends the key of a content. No node may change the table; this does, for whoever has written the event that says so.
DO $make$
BEGIN
    EXECUTE format($body$
        CREATE FUNCTION journal_end_key(of_owner text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp AS $$
        BEGIN
            IF NOT EXISTS (
                WITH erasures AS MATERIALIZED (
                    SELECT convert_from(message, 'UTF8')::json AS event FROM %1$I.journal
                    WHERE persistence_id = 'operator|keeping'
                        AND position(convert_to('"act":"content.erased"', 'UTF8') IN message) > 0)
                SELECT FROM erasures
                WHERE event ->> 'act' = 'content.erased' AND event -> 'facts' ->> 'owner' = of_owner) THEN
                RAISE EXCEPTION 'no erasure of this content is in the journal' USING ERRCODE = 'restrict_violation';
            END IF;
            UPDATE %1$I.payload_keys SET wrapped = NULL WHERE owner = of_owner;
        END $$ $body$, current_schema());
END $make$;
