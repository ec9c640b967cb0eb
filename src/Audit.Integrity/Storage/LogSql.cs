namespace Audit.Integrity.Storage;

/// <summary>The statements of the log's tables, in words that both databases understand.</summary>
internal sealed class LogSql(string schema)
{
    public string Logs { get; } =
        $"""
        SELECT number, origin, verifier_key, started_at, restart, halted_reason, halted_position, halted_at, keys
        FROM {schema}log ORDER BY number
        """;

    public string LastCheckpoint { get; } =
        $"""
        SELECT size, last_position, note, signed_at FROM {schema}checkpoint
        WHERE log = $1 ORDER BY size DESC LIMIT 1
        """;

    public string Checkpoints { get; } =
        $"""
        SELECT size, last_position, note, signed_at FROM {schema}checkpoint
        WHERE log = $1 AND size > $2 ORDER BY size LIMIT $3
        """;

    public string Tiles { get; } =
        $"""
        SELECT number, hashes FROM {schema}tile
        WHERE log = $1 AND level = $2 AND number >= $3 AND number < $4 ORDER BY number
        """;

    public string Bundle { get; } =
        $"SELECT number, first_position FROM {schema}bundle WHERE log = $1 AND number = $2";

    public string BundleOfPosition { get; } =
        $"""
        SELECT number, first_position FROM {schema}bundle
        WHERE log = $1 AND first_position <= $2 ORDER BY first_position DESC LIMIT 1
        """;

    public string LastSize { get; } = $"SELECT coalesce(max(size), 0) FROM {schema}checkpoint WHERE log = $1";

    public string AddLog { get; } =
        $"""
        INSERT INTO {schema}log (number, origin, verifier_key, started_at, restart) VALUES ($1, $2, $3, $4, $5)
        """;

    /// <summary>The first reason stays: what is found later may only follow from it.</summary>
    public string Halt { get; } =
        $"""
        UPDATE {schema}log SET halted_reason = $2, halted_position = $3, halted_at = $4
        WHERE number = $1 AND halted_reason IS NULL
        """;

    public string Resume { get; } =
        $"""
        UPDATE {schema}log SET halted_reason = NULL, halted_position = NULL, halted_at = NULL WHERE number = $1
        """;

    public string PutKeys { get; } = $"UPDATE {schema}log SET keys = $2 WHERE number = $1";

    public string PutUnproven { get; } =
        $"INSERT INTO {schema}unproven (log, position) VALUES ($1, $2) ON CONFLICT DO NOTHING";

    public string Unproven { get; } =
        $"SELECT count(*), coalesce(min(position), 0) FROM {schema}unproven WHERE log = $1";

    public string AskVouch { get; } = $"INSERT INTO {schema}vouch (challenge, log) VALUES ($1, $2)";

    public string Vouch { get; } = $"SELECT challenge, answer FROM {schema}vouch WHERE challenge = $1";

    public string OpenVouches { get; } =
        $"SELECT challenge, answer FROM {schema}vouch WHERE log = $1 AND answer IS NULL ORDER BY challenge LIMIT 100";

    public string AnswerVouch { get; } =
        $"UPDATE {schema}vouch SET answer = $2 WHERE challenge = $1 AND answer IS NULL";

    public string DropVouch { get; } = $"DELETE FROM {schema}vouch WHERE challenge = $1";

    public string PutCosignature { get; } =
        $"""
        INSERT INTO {schema}cosignature (log, size, witness, line) VALUES ($1, $2, $3, $4)
        ON CONFLICT (log, size, witness) DO UPDATE SET line = excluded.line
        """;

    public string KeepCheckpoint { get; } =
        $"""
        INSERT INTO {schema}checkpoint (log, size, last_position, note, signed_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (log, size) DO NOTHING
        """;

    public string WitnessedSize { get; } =
        $"""
        SELECT size FROM {schema}cosignature WHERE log = $1
        GROUP BY size HAVING count(*) >= $2 ORDER BY size DESC LIMIT 1
        """;

    public string CosignedSizes { get; } =
        $"SELECT DISTINCT size FROM {schema}cosignature WHERE log = $1 ORDER BY size DESC LIMIT 100";

    public string ThinCosignatures { get; } =
        $"DELETE FROM {schema}cosignature WHERE log = $1 AND size < $2 AND size / 256 = $2 / 256";

    public string ThinWitnessed { get; } =
        $"""
        DELETE FROM {schema}checkpoint WHERE log = $1 AND size < $2 AND size / 256 = $2 / 256
        AND size NOT IN (SELECT size FROM {schema}cosignature WHERE log = $1)
        """;

    public string Cosignatures { get; } =
        $"SELECT line FROM {schema}cosignature WHERE log = $1 AND size = $2 ORDER BY witness";

    public string CheckpointOfSize { get; } =
        $"SELECT size, last_position, note, signed_at FROM {schema}checkpoint WHERE log = $1 AND size = $2";

    public string PutTile { get; } =
        $"""
        INSERT INTO {schema}tile (log, level, number, hashes) VALUES ($1, $2, $3, $4)
        ON CONFLICT (log, level, number) DO UPDATE SET hashes = excluded.hashes
        """;

    public string PutBundle { get; } =
        $"""
        INSERT INTO {schema}bundle (log, number, first_position) VALUES ($1, $2, $3)
        ON CONFLICT (log, number) DO UPDATE SET first_position = excluded.first_position
        """;

    public string AddCheckpoint { get; } =
        $"""
        INSERT INTO {schema}checkpoint (log, size, last_position, note, signed_at) VALUES ($1, $2, $3, $4, $5)
        """;

    /// <summary>Of the checkpoints before the newest, the last one of every 256 entries is kept.</summary>
    public string ThinCheckpoints { get; } =
        $"""
        DELETE FROM {schema}checkpoint WHERE log = $1 AND size = $2 AND size / 256 = $3 / 256
        AND size NOT IN (SELECT size FROM {schema}cosignature WHERE log = $1)
        """;
}
