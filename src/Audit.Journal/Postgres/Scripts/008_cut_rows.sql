-- What is left of rows that were cut; what each column is for stands in the script of SQLite. Without a default that
-- would let them be changed: only journal_cut_rows writes here, as the owner.
CREATE TABLE journal_cut (
    ordering        BIGINT NOT NULL PRIMARY KEY,
    sequence_number BIGINT NOT NULL,
    created         BIGINT NOT NULL,
    hashes          BYTEA NOT NULL,
    disposal        BIGINT NOT NULL
);

CREATE INDEX journal_cut_disposal ON journal_cut (disposal);

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

        -- Nothing is added to a stream that was cut: it would begin another history. It reads to writers as a key that
        -- is there already; they look again, and find that the stream was cut.
        CREATE FUNCTION journal_refuse_cut_stream() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF current_setting('transaction_isolation') <> 'read committed' THEN
                RAISE EXCEPTION 'rows are added at READ COMMITTED only: of another transaction what was cut is not seen'
                    USING ERRCODE = 'restrict_violation';
            END IF;
            -- OFFSET 0: one look at the key for each row, however many streams were cut.
            IF EXISTS (SELECT FROM added a WHERE EXISTS (
                SELECT FROM BOOK.journal_cut_stream c WHERE c.persistence_id = a.persistence_id OFFSET 0)) THEN
                RAISE EXCEPTION
                    'the journal is append-only: a stream that was cut is closed, and nothing is added to it'
                    USING ERRCODE = 'unique_violation';
            END IF;
            RETURN NULL;
        END $$;

        -- An act as it is written down; nothing where the message is none.
        CREATE FUNCTION journal_act_of(message bytea) RETURNS json LANGUAGE plpgsql IMMUTABLE
        SET search_path = pg_catalog, pg_temp AS $$
        BEGIN
            RETURN convert_from(message, 'UTF8')::json;
        EXCEPTION WHEN data_exception OR program_limit_exceeded OR statement_too_complex THEN
            RETURN NULL;
        END $$;

        -- What holds one of these sessions, in words; null where nothing does. A hold that names no source, or that cannot
        -- be read, is taken for one over everything: what agents or tasks a session had stands in no name of a stream.
        CREATE FUNCTION journal_held_by(owners text[]) RETURNS text LANGUAGE plpgsql STABLE
        SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
        DECLARE
            said record;
            act json;
            one text[];
            holds text[] := '{}';
            lifted text[] := '{}';
        BEGIN
            FOR said IN
                SELECT ordering, message FROM BOOK.journal
                WHERE persistence_id = 'operator|keeping'
                    AND position(convert_to('"act":"hold.', 'UTF8') IN message) > 0
            LOOP
                BEGIN
                    act := convert_from(said.message, 'UTF8')::json;
                    IF act ->> 'act' = 'hold.lifted' THEN
                        lifted := lifted || (act -> 'facts' ->> 'id');
                    ELSIF act ->> 'act' = 'hold.added' THEN
                        act := act -> 'facts';
                        holds := holds || ARRAY[ARRAY[
                            act ->> 'id',
                            CASE WHEN json_typeof(act -> 'source') = 'string' THEN act ->> 'source' END,
                            CASE WHEN json_typeof(act -> 'session_id') = 'string' THEN act ->> 'session_id' END]];
                    END IF;
                EXCEPTION WHEN data_exception OR program_limit_exceeded OR statement_too_complex THEN
                    RETURN format('the row at position %s begins as a hold and cannot be read as one, so that it may '
                        'stand over everything', said.ordering);
                END;
            END LOOP;
            FOR n IN 1 .. coalesce(array_length(holds, 1), 0) LOOP
                one := ARRAY[holds[n][1], holds[n][2], holds[n][3]];
                CONTINUE WHEN one[1] = ANY (lifted);
                -- A source's long name is cut in the names of its streams, and no name there has a bar.
                IF one[2] IS NULL OR octet_length(one[2]) > 24 OR position('|' IN one[2] || coalesce(one[3], '')) > 0
                    OR EXISTS (SELECT FROM unnest(owners) AS o(owner)
                        WHERE split_part(o.owner, '|', 2) = one[2]
                            AND (one[3] IS NULL OR split_part(o.owner, '|', 3) = one[3])) THEN
                    RETURN format('the hold %s %s', one[1], CASE WHEN one[2] IS NULL
                        THEN 'names no source, so that it may stand over everything' ELSE 'stands over it' END);
                END IF;
            END LOOP;
            RETURN NULL;
        END $$;

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
        -- As nodes ask: a plan that reads all of the table for each session is none.
        RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
        SET enable_seqscan = off SET jit = off AS $$
        DECLARE
            said json;
            held text;
            there bigint[];
            gone bigint;
        BEGIN
            -- Elsewhere all of this would look at the book as it was when the caller's transaction began.
            IF current_setting('transaction_isolation') <> 'read committed' THEN
                RAISE EXCEPTION 'rows are cut at READ COMMITTED only: of another transaction newer holds are not seen'
                    USING ERRCODE = 'restrict_violation';
            END IF;
            PERFORM pg_advisory_xact_lock(7401, 1);
            SELECT BOOK.journal_act_of(message) INTO said FROM BOOK.journal
            WHERE ordering = event AND persistence_id = 'operator|keeping';
            IF said IS NULL OR said ->> 'act' IS DISTINCT FROM 'rows.disposed' THEN
                RAISE EXCEPTION 'no event at this position says that rows go, and in which archive they are'
                    USING ERRCODE = 'restrict_violation';
            END IF;
            IF EXISTS (
                SELECT FROM (
                    SELECT CASE WHEN position(convert_to('"act":"rows.cut"', 'UTF8') IN message) > 0
                        THEN BOOK.journal_act_of(message) END AS act
                    FROM BOOK.journal WHERE persistence_id = 'operator|keeping' AND ordering > event) AS later
                WHERE act ->> 'act' = 'rows.cut' AND act -> 'facts' ->> 'number' = event::text) THEN
                RAISE EXCEPTION 'what went by this event is written down as ended: nothing more goes by it'
                    USING ERRCODE = 'restrict_violation';
            END IF;
            IF digest !~ '^[0-9a-f]{64}$' OR said -> 'facts' ->> 'sha256' IS DISTINCT FROM digest
                OR encode(sha256(parts), 'hex') IS DISTINCT FROM said -> 'facts' ->> 'parts'
                OR NOT EXISTS (SELECT FROM generate_series(0, length(parts) / 32 - 1) AS n
                    WHERE substr(parts, 1 + 32 * n, 32) = sha256(leaves)) THEN
                RAISE EXCEPTION 'the archive is not the one that the event names' USING ERRCODE = 'restrict_violation';
            END IF;
            -- The streams of an owner are looked for by its name, and so are its holds: with another bar in it the name
            -- would stand for a part of a session that is held as a whole. No escapes: what they mean the caller sets.
            IF EXISTS (SELECT FROM unnest(owners) AS o(owner) WHERE o.owner !~ '^notes[|][^|]+[|][^|]+$'
                OR o.owner IS NULL)
                OR cardinality(owners) <> (SELECT count(DISTINCT o.owner) FROM unnest(owners) AS o(owner)) THEN
                RAISE EXCEPTION 'only whole sessions are cut, each named by the stream of its notes'
                    USING ERRCODE = 'restrict_violation';
            END IF;
            held := BOOK.journal_held_by(owners);
            IF held IS NOT NULL THEN
                RAISE EXCEPTION 'rows that were to be cut stay: %', held USING ERRCODE = 'restrict_violation';
            END IF;
            SELECT array_agg(j.ordering ORDER BY j.ordering) INTO there
            FROM unnest(owners) AS o(owner) CROSS JOIN LATERAL (
                SELECT ordering FROM BOOK.journal WHERE persistence_id = o.owner
                UNION ALL
                SELECT ordering FROM BOOK.journal
                WHERE persistence_id >= 'call|' || substr(o.owner, 7) || '|'
                    AND persistence_id < 'call|' || substr(o.owner, 7) || '}') AS j;
            IF there IS NULL OR cardinality(there) <> cardinality(hashes)
                OR there IS DISTINCT FROM (SELECT array_agg(p ORDER BY p) FROM unnest(positions) AS p) THEN
                RAISE EXCEPTION 'only whole sessions are cut, and these have other rows by now'
                    USING ERRCODE = 'restrict_violation';
            END IF;
            IF EXISTS (SELECT FROM BOOK.journal WHERE ordering = ANY (positions)
                AND (ordering > event OR created > coalesce((said -> 'facts' ->> 'before')::bigint, 0))) THEN
                RAISE EXCEPTION 'a row is younger than what goes by this event' USING ERRCODE = 'restrict_violation';
            END IF;
            IF EXISTS (
                SELECT sha256(decode('00', 'hex') || convert_to(
                    format('{"v":2,"position":%s,"stream":"%s","seq":%s,"created":%s,"sha256":"%s"}', j.ordering,
                        encode(h.hash, 'hex'), j.sequence_number, j.created, encode(sha256(j.message), 'hex')), 'UTF8'))
                FROM unnest(positions, hashes) AS h(ordering, hash) JOIN BOOK.journal j USING (ordering)
                EXCEPT
                SELECT substr(leaves, 1 + 32 * n, 32) FROM generate_series(0, length(leaves) / 32 - 1) AS n) THEN
                RAISE EXCEPTION 'a row is not one of those that the archive has' USING ERRCODE = 'restrict_violation';
            END IF;
            -- Not behind a hold that came since, though it look lifted: nobody here can tell whether a node wrote that.
            IF EXISTS (SELECT FROM BOOK.journal WHERE persistence_id = 'operator|keeping' AND ordering > event
                AND position(convert_to('"act":"hold.added"', 'UTF8') IN message) > 0) THEN
                RAISE EXCEPTION 'a hold was added behind the event: what it does not mean is to be ordered anew'
                    USING ERRCODE = 'restrict_violation';
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

CREATE TRIGGER journal_closed AFTER INSERT ON journal
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse_cut_stream();

ALTER TABLE journal ENABLE ALWAYS TRIGGER journal_append_only;
ALTER TABLE journal ENABLE ALWAYS TRIGGER journal_delete_cut;
ALTER TABLE journal ENABLE ALWAYS TRIGGER journal_closed;

-- As it was, but that of a stream that was cut no row is accepted: the others of the append are written.
CREATE OR REPLACE FUNCTION journal_append(
    ids text[], expected bigint[], sequences bigint[], created bigint[], manifests text[], messages bytea[],
    serializer int, writer text, OUT accepted boolean[], OUT positions bigint[])
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    PERFORM pg_advisory_xact_lock(7401, 1);

    -- A statement of its own, for its snapshot must be younger than the lock.
    SELECT array_agg(
        r.expected = coalesce((SELECT max(j.sequence_number) FROM journal j WHERE j.persistence_id = r.id), 0)
            AND NOT EXISTS (SELECT FROM journal_cut_stream c WHERE c.persistence_id = r.id OFFSET 0) ORDER BY r.n)
    INTO accepted
    FROM unnest(ids, expected) WITH ORDINALITY AS r(id, expected, n);

    WITH written AS (
        INSERT INTO journal
            (created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid)
        SELECT r.created, false, r.id, r.sequence_number, r.message, r.manifest, serializer, writer
        FROM unnest(accepted, created, ids, sequences, messages, manifests) WITH ORDINALITY
            AS r(accepted, created, id, sequence_number, message, manifest, n)
        WHERE r.accepted
        ORDER BY r.n
        RETURNING ordering)
    SELECT array_agg(ordering ORDER BY ordering) INTO positions FROM written;
END $$;

-- Where the roles of deploy/postgres/roles.sql are there already, nodes go on with them: whoever may read the journal may
-- read what is left of it, and whoever owns it owns that. Who may cut is said by that script alone.
DO $rights$
DECLARE
    book name := (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'journal'::regclass);
    made text;
BEGIN
    IF book <> current_user AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('ALTER TABLE journal_cut OWNER TO %I', book);
        EXECUTE format('ALTER TABLE journal_cut_stream OWNER TO %I', book);
        FOREACH made IN ARRAY ARRAY[
            'journal_refuse_delete()', 'journal_refuse_cut_stream()', 'journal_act_of(bytea)', 'journal_held_by(text[])',
            'journal_cut_rows(bigint, text, bytea, bytea, text[], bigint[], bytea[])']
        LOOP
            EXECUTE format('ALTER FUNCTION %s OWNER TO %I', made::regprocedure, book);
        END LOOP;
    END IF;
    FOR made IN
        SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
        FROM pg_class c, aclexplode(c.relacl) AS a
        WHERE c.oid = 'journal'::regclass AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('GRANT SELECT ON journal_cut, journal_cut_stream TO %s', made);
    END LOOP;
END $rights$;
