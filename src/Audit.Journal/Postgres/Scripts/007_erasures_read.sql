-- The erasures that were found in the journal, and up to which number of their stream: whoever ends the keys of many
-- contents has each event read once, not once for each of them. Nodes may not write here.
CREATE TABLE erased_contents (
    owner    TEXT COLLATE "C" NOT NULL,
    of_calls BOOLEAN NOT NULL,
    PRIMARY KEY (owner, of_calls)
);

CREATE TABLE erasures_read (last BIGINT NOT NULL);

INSERT INTO erasures_read (last) VALUES (0);

DO $make$
DECLARE
    book text := quote_ident(current_schema());
BEGIN
    EXECUTE replace($body$
        CREATE OR REPLACE FUNCTION journal_require_erasure(of_owner text, of_calls boolean) RETURNS void
        SET search_path = pg_catalog, pg_temp LANGUAGE plpgsql AS $$
        DECLARE
            until bigint;
            said record;
            event json;
        BEGIN
            SELECT last INTO until FROM BOOK.erasures_read FOR UPDATE;
            FOR said IN
                SELECT sequence_number, message FROM BOOK.journal
                WHERE persistence_id = 'operator|keeping' AND sequence_number > until ORDER BY sequence_number
            LOOP
                until := said.sequence_number;
                IF position(convert_to('"act":"content.erased"', 'UTF8') IN said.message) > 0 THEN
                    BEGIN
                        event := convert_from(said.message, 'UTF8')::json;
                        INSERT INTO BOOK.erased_contents (owner, of_calls)
                        SELECT event -> 'facts' ->> 'owner', event -> 'facts' -> 'calls' IS NOT NULL
                        WHERE event ->> 'act' = 'content.erased' AND event -> 'facts' ->> 'owner' IS NOT NULL
                        ON CONFLICT DO NOTHING;
                    EXCEPTION WHEN data_exception OR program_limit_exceeded OR statement_too_complex THEN
                        -- What is no event, is nested too deep, or names an owner that no index takes, erases nothing,
                        -- and keeps nothing else from being erased. A full disk or a lack of rights is no such thing.
                        NULL;
                    END;
                END IF;
            END LOOP;
            UPDATE BOOK.erasures_read SET last = until WHERE last < until;
            IF NOT EXISTS (
                SELECT FROM BOOK.erased_contents one
                WHERE one.owner = of_owner AND one.of_calls = journal_require_erasure.of_calls) THEN
                RAISE EXCEPTION 'no erasure of this content is in the journal' USING ERRCODE = 'restrict_violation';
            END IF;
        END $$;
        $body$, 'BOOK', book);
END $make$;
