-- The default journal table of Akka.Persistence.Sql, without the two extra indexes that the plugin would make.
-- CACHE 1: a session that kept numbers for later would write positions that readers went past.
CREATE TABLE journal (
    ordering        BIGINT GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME journal_ordering_seq CACHE 1) NOT NULL,
    created         BIGINT NOT NULL,
    deleted         BOOLEAN NOT NULL,
    persistence_id  VARCHAR(255) COLLATE "C" NOT NULL,
    sequence_number BIGINT NOT NULL,
    message         BYTEA NOT NULL,
    manifest        VARCHAR(500) NULL,
    identifier      INT NULL,
    writer_uuid     VARCHAR(128) NULL,
    CONSTRAINT pk_journal PRIMARY KEY (ordering),
    CONSTRAINT journal_uq UNIQUE (persistence_id, sequence_number)
);

CREATE FUNCTION journal_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only: % is refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse();

-- A number taken from the sequence is visible to readers in the order of numbers only if who takes one holds this lock
-- until its transaction has ended. Statement triggers run before the statement's first nextval.
CREATE FUNCTION journal_take_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.pg_advisory_xact_lock(7401, 1);
    RETURN NULL;
END $$;

CREATE TRIGGER journal_commit_order BEFORE INSERT ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_take_turn();

-- Without a payload, so that the many statements of one transaction are one notification.
CREATE FUNCTION journal_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NOTIFY journal;
    RETURN NULL;
END $$;

-- A row with a number that the sequence did not give would lie before what readers went past, or so far ahead that they
-- would go past all that follows. Whoever may insert may also name tables, so the names are written with their schema.
DO $make$
BEGIN
    EXECUTE format($body$
        CREATE FUNCTION journal_keep_order() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            -- Only what this transaction wrote: a row that the owner put there does not keep nodes from writing.
            IF EXISTS (
                SELECT FROM (
                    (SELECT ordering, xmin FROM %1$I.journal ORDER BY ordering DESC LIMIT 1)
                    UNION ALL (SELECT ordering, xmin FROM %1$I.journal ORDER BY ordering LIMIT 1)) AS edge
                WHERE (ordering < 1 OR ordering > (SELECT last_value FROM %1$I.journal_ordering_seq))
                    AND age(xmin) <= 0) THEN
                RAISE EXCEPTION 'the journal is append-only: the ordering given is not one that its sequence gave'
                    USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NULL;
        END $$ $body$, current_schema());
END $make$;

CREATE TRIGGER journal_order AFTER INSERT ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_keep_order();

CREATE TRIGGER journal_grew AFTER INSERT ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_tell();

-- ALWAYS: a session that plays the replica fires no other triggers.
ALTER TABLE journal ENABLE ALWAYS TRIGGER journal_append_only;
ALTER TABLE journal ENABLE ALWAYS TRIGGER journal_commit_order;
ALTER TABLE journal ENABLE ALWAYS TRIGGER journal_order;
ALTER TABLE journal ENABLE ALWAYS TRIGGER journal_grew;

-- Writes what may be written of an append, one element of each array a row, and says of each row whether it was, and at
-- which positions, in order. `expected` is what the row's stream must end with before the append.
CREATE FUNCTION journal_append(
    ids text[], expected bigint[], sequences bigint[], created bigint[], manifests text[], messages bytea[],
    serializer int, writer text, OUT accepted boolean[], OUT positions bigint[])
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    PERFORM pg_advisory_xact_lock(7401, 1);

    -- A statement of its own, for its snapshot must be younger than the lock.
    SELECT array_agg(
        r.expected = coalesce((SELECT max(j.sequence_number) FROM journal j WHERE j.persistence_id = r.id), 0) ORDER BY r.n)
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
