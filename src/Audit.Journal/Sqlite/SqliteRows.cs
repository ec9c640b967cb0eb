using System.Text;

namespace Audit.Journal.Sqlite;

/// <summary>Reads journal rows from one statement; names that repeat from row to row become one string.</summary>
internal struct SqliteRows
{
    public const string Columns =
        "ordering, persistence_id, sequence_number, created, manifest, message, identifier, deleted, writer_uuid";

    private string manifest = "";
    private string writer = "";

    public SqliteRows() { }

    public JournalRow Read(SqliteStatement row) => new(
        row.Int64(0),
        Encoding.UTF8.GetString(row.Bytes(1)),
        row.Int64(2),
        row.Int64(3),
        manifest = Repeated(row.Bytes(4), manifest),
        row.Blob(5))
    {
        Identifier = row.IsNull(6) ? null : (int)row.Int64(6),
        Deleted = row.Int64(7) != 0,
        WriterUuid = row.IsNull(8) ? null : writer = Repeated(row.Bytes(8), writer),
    };

    private static string Repeated(ReadOnlySpan<byte> utf8, string before) =>
        Ascii.Equals(utf8, before) ? before : Encoding.UTF8.GetString(utf8);
}
