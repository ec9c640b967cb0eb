-- What is left of rows that were cut; what each column is for stands in the script of SQLite. Without a default that
-- would let them be changed: only journal_cut_rows writes here, as the owner.
CREATE TABLE journal_cut (
    ordering        BIGINT NOT NULL PRIMARY KEY,
    sequence_number BIGINT NOT NULL,
    created         BIGINT NOT NULL,
    hashes          BYTEA NOT NULL,
    disposal        BIGINT NOT NULL
);

CREATE TABLE journal_cut_stream (
    persistence_id  VARCHAR(255) COLLATE "C" NOT NULL PRIMARY KEY,
    sequence_number BIGINT NOT NULL,
    disposal        BIGINT NOT NULL
);

DROP TRIGGER journal_append_only ON journal;

CREATE TRIGGER journal_append_only BEFORE UPDATE OR TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse();

DO $make$
DECLARE
    book text := quote_ident(current_schema());
BEGIN
    EXECUTE replace($body$
        CREATE FUNCTION journal_refuse_delete() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NOT EXISTS (SELECT FROM BOOK.journal_cut WHERE ordering = OLD.ordering) THEN
                RAISE EXCEPTION 'the journal is append-only: DELETE is refused' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN OLD;
        END $$;

        -- Whether a hold may stand over a session. What it cannot tell of one, it takes for one over everything.
        CREATE FUNCTION journal_is_held(owners text[]) RETURNS boolean LANGUAGE sql
        SET search_path = pg_catalog, pg_temp AS $$
            WITH acts AS MATERIALIZED (
                SELECT convert_from(message, 'UTF8')::json AS said FROM BOOK.journal
                WHERE persistence_id = 'operator|keeping'
                    AND position(convert_to('"act":"hold.', 'UTF8') IN message) > 0),
            standing AS (
                SELECT a.said -> 'facts' AS facts FROM acts a
                WHERE a.said ->> 'act' = 'hold.added' AND NOT EXISTS (
                    SELECT FROM acts l WHERE l.said ->> 'act' = 'hold.lifted'
                        AND l.said -> 'facts' ->> 'id' = a.said -> 'facts' ->> 'id'))
            SELECT EXISTS (
                SELECT FROM standing s
                WHERE s.facts ->> 'source' IS NULL OR octet_length(s.facts ->> 'source') > 24
                    OR EXISTS (SELECT FROM unnest(owners) AS o(owner)
                        WHERE split_part(o.owner, '|', 2) = s.facts ->> 'source'
                            AND (s.facts ->> 'session_id' IS NULL
                                OR substr(o.owner, length(split_part(o.owner, '|', 2)) + 8) = s.facts ->> 'session_id')))
        $$;

        -- Cuts whole sessions, for whoever has written the event that names the archive, knows the archive's digest and
        -- the leaves of what goes, and has the right to call it; see deploy/postgres/roles.sql. Of each row the leaf is
        -- made anew: it must be one of those that the event stands for, so that nothing goes which the segment has not.
        --   digest   SHA-256 of the segment's note
        --   parts    SHA-256 of the leaves of each part of the segment, one after the other
        --   leaves   of the part of which these rows are, one after the other
        --   owners   the sessions that go, by the streams of their notes
        --   hashes   of the salted stream of each row, which the log's entry has
        CREATE FUNCTION journal_cut_rows(
            event bigint, digest text, parts bytea, leaves bytea, owners text[], positions bigint[], hashes bytea[])
        RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        DECLARE
            said json;
            there bigint;
            meant bigint;
            gone bigint;
        BEGIN
            PERFORM pg_advisory_xact_lock(7401, 1);
            SELECT convert_from(message, 'UTF8')::json INTO said FROM BOOK.journal
            WHERE ordering = event AND persistence_id = 'operator|keeping';
            IF said IS NULL OR said ->> 'act' IS DISTINCT FROM 'rows.disposed' THEN
                RAISE EXCEPTION 'no event at this position says that rows go, and in which archive they are'
                    USING ERRCODE = 'restrict_violation';
            END IF;
            IF digest !~ '^[0-9a-f]{64}$' OR said -> 'facts' ->> 'sha256' IS DISTINCT FROM digest
                OR encode(sha256(parts), 'hex') IS DISTINCT FROM said -> 'facts' ->> 'parts'
                OR NOT EXISTS (SELECT FROM generate_series(0, length(parts) / 32 - 1) AS n
                    WHERE substr(parts, 1 + 32 * n, 32) = sha256(leaves)) THEN
                RAISE EXCEPTION 'the archive is not the one that the event names' USING ERRCODE = 'restrict_violation';
            END IF;
            IF BOOK.journal_is_held(owners) IS DISTINCT FROM false THEN
                RAISE EXCEPTION 'a hold stands over rows that were to be cut' USING ERRCODE = 'restrict_violation';
            END IF;
            SELECT count(*), count(*) FILTER (WHERE j.ordering = ANY (positions)) INTO there, meant
            FROM unnest(owners) AS o(owner) CROSS JOIN LATERAL (
                SELECT ordering FROM BOOK.journal WHERE persistence_id = o.owner
                UNION ALL
                SELECT ordering FROM BOOK.journal
                WHERE persistence_id >= 'call|' || substr(o.owner, 7) || '|'
                    AND persistence_id < 'call|' || substr(o.owner, 7) || '}') AS j;
            IF there = 0 OR there <> meant OR there <> cardinality(positions) OR there <> cardinality(hashes)
                OR EXISTS (SELECT FROM unnest(owners) AS o(owner) WHERE o.owner NOT LIKE 'notes|%|%') THEN
                RAISE EXCEPTION 'only whole sessions are cut, and these have other rows by now'
                    USING ERRCODE = 'restrict_violation';
            END IF;
            IF EXISTS (
                SELECT sha256('\x00'::bytea || convert_to(
                    format('{"v":2,"position":%s,"stream":"%s","seq":%s,"created":%s,"sha256":"%s"}', j.ordering,
                        encode(h.hash, 'hex'), j.sequence_number, j.created, encode(sha256(j.message), 'hex')), 'UTF8'))
                FROM unnest(positions, hashes) AS h(ordering, hash) JOIN BOOK.journal j USING (ordering)
                EXCEPT
                SELECT substr(leaves, 1 + 32 * n, 32) FROM generate_series(0, length(leaves) / 32 - 1) AS n) THEN
                RAISE EXCEPTION 'a row is not one of those that the archive has' USING ERRCODE = 'restrict_violation';
            END IF;
            INSERT INTO BOOK.journal_cut
            SELECT j.ordering, j.sequence_number, j.created, h.hash || sha256(j.message), event
            FROM unnest(positions, hashes) AS h(ordering, hash) JOIN BOOK.journal j USING (ordering);
            INSERT INTO BOOK.journal_cut_stream
            SELECT persistence_id, max(sequence_number), event FROM BOOK.journal
            WHERE ordering = ANY (positions) GROUP BY persistence_id;
            DELETE FROM BOOK.journal WHERE ordering = ANY (positions);
            GET DIAGNOSTICS gone = ROW_COUNT;
            RETURN gone;
        END $$;

        -- The keys of what was cut end with it; the nodes see to that, as they do with those of what was erased.
        CREATE OR REPLACE FUNCTION journal_replace_key(of_owner text, new_id text, new_key bytea) RETURNS void
        SECURITY DEFINER SET search_path = pg_catalog, pg_temp LANGUAGE plpgsql AS $$
        BEGIN
            IF NOT EXISTS (
                SELECT FROM BOOK.journal_cut_stream WHERE persistence_id = of_owner
                    OR (persistence_id >= 'call|' || substr(of_owner, 7) || '|'
                        AND persistence_id < 'call|' || substr(of_owner, 7) || '}')) THEN
                PERFORM BOOK.journal_require_erasure(of_owner, true);
            END IF;
            UPDATE BOOK.payload_keys SET key_id = new_id, wrapped = new_key
            WHERE owner = of_owner AND wrapped IS NOT NULL;
        END $$;
        $body$, 'BOOK', book);
END $make$;

-- Who may call it is given the right by name.
REVOKE ALL ON FUNCTION journal_cut_rows(bigint, text, bytea, bytea, text[], bigint[], bytea[]) FROM PUBLIC;

CREATE TRIGGER journal_delete_cut BEFORE DELETE ON journal FOR EACH ROW EXECUTE FUNCTION journal_refuse_delete();

ALTER TABLE journal ENABLE ALWAYS TRIGGER journal_append_only;
ALTER TABLE journal ENABLE ALWAYS TRIGGER journal_delete_cut;

-- Nothing is added to a stream that was cut: whoever tries is told that it does not stand where he thought.
DO $make$
BEGIN
    EXECUTE replace(
        pg_get_functiondef('journal_append'::regproc), ', 0) ORDER BY r.n)',
        ', 0) AND NOT EXISTS (SELECT FROM journal_cut_stream c WHERE c.persistence_id = r.id) ORDER BY r.n)');
END $make$;
