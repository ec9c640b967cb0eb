using System.Buffers.Text;
using System.Security.Cryptography;

namespace Audit.Journal;

/// <summary>What is fixed about the journal's rows, whichever engine writes them.</summary>
public static class JournalTable
{
    public const int SerializerId = 7401;

    /// <summary>Tells who wrote a row from all others; it stands in each, and so is short.</summary>
    public static string NewWriter() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(8));

    /// <summary>
    /// The manifest of what a read of whole streams gives for one that was cut: its last number, and as position that
    /// of the event which says where its rows are. It lies in no journal, and proves nothing.
    /// </summary>
    public const string CutManifest = "stream.cut";

    /// <summary>Whether a row at a position was cut: one row, of 0 or 1.</summary>
    public const string IsCutSql = "SELECT count(*) FROM journal_cut WHERE ordering = $1";

    /// <summary>The streams of those that were cut.</summary>
    public const string CutStreamsSql = "SELECT persistence_id, sequence_number, disposal FROM journal_cut_stream";

    /// <summary>Whether a store has these tables: who looks beside an older node finds them missing.</summary>
    public const string HasCutSql =
        "SELECT count(*) FROM schema_version WHERE name IN ('005_cut_rows', '008_cut_rows')";

    /// <summary>As <see cref="JournalRows"/> reads them.</summary>
    public const string Columns =
        "ordering, persistence_id, sequence_number, created, manifest, message, identifier, deleted, writer_uuid";
}

/// <summary>
/// One event to be written. Rows keep the order they are given in. The first row of a stream in an append says which
/// last sequence number is expected: its own less one; the stream's further rows must follow without a gap.
/// </summary>
/// <param name="Opened">The message as who may read it sees it; empty where that is the message itself.</param>
public readonly record struct RowToAppend(
    StreamHandle Stream, long Sequence, string Manifest, long CreatedTicks, ReadOnlyMemory<byte> Message,
    ReadOnlyMemory<byte> Opened = default);

/// <summary>One event as it lies in the journal.</summary>
public sealed record JournalRow(
    long Position, string PersistenceId, long Sequence, long CreatedTicks, string Manifest, byte[] Message)
{
    /// <summary>The serializer that wrote the message; ours is <see cref="JournalTable.SerializerId"/>.</summary>
    public int? Identifier { get; init; } = JournalTable.SerializerId;

    public bool Deleted { get; init; }

    /// <summary>
    /// Whether a node that has the store's row key wrote it as it is; who reads the journal opened is given it.
    /// </summary>
    public bool IsProven { get; init; } = true;

    /// <summary>The message as it is stored, where the content stands in the place of what is sealed.</summary>
    public byte[]? Stored { get; init; }

    /// <summary>
    /// Why its sealed content could not be opened; null where it was, or there is none. The message is then the head.
    /// </summary>
    public string? Unopened { get; init; }

    public string? WriterUuid { get; init; }
}

/// <summary>Reads journal rows out of one answer; names that repeat from row to row become one string.</summary>
public sealed class JournalRows
{
    private string manifest = "";
    private string writer = "";

    public JournalRow Read(IStoredRow row) => new(
        row.Number(0),
        row.Text(1),
        row.Number(2),
        row.Number(3),
        row.IsNull(4) ? "" : manifest = Repeated(row.Bytes(4), manifest),
        row.Blob(5))
    {
        Identifier = (int?)row.NumberOrNull(6),
        Deleted = row.Flag(7),
        WriterUuid = row.IsNull(8) ? null : writer = Repeated(row.Bytes(8), writer),
    };

    /// <param name="row">With stream, last number and position of the event.</param>
    public static JournalRow OfCut(IStoredRow row) =>
        new(row.Number(2), row.Text(0), row.Number(1), 0, JournalTable.CutManifest, []) { Identifier = null };

    private static string Repeated(ReadOnlySpan<byte> utf8, string before) =>
        Ascii.Equals(utf8, before) ? before : Encoding.UTF8.GetString(utf8);
}

/// <summary>What is left of a row that was cut: what its entry in the log is made of.</summary>
/// <param name="Hashes">Of the salted stream with the manifest, and of the message.</param>
public sealed record CutRow(long Position, long Sequence, long Created, byte[] Hashes);
