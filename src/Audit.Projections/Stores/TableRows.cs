using System.Buffers;
using System.Text.Json;

namespace Audit.Projections.Stores;

/// <summary>
/// Rows of one table as they are to be written, each with its document: first those that are new to the store, which need no
/// look for older ones, and then the others. Its room is used again for the next batch.
/// </summary>
internal sealed class TableRows<T>(Table<T> table)
{
    private readonly List<T> added = [];
    private readonly List<T> changed = [];
    private readonly List<int> ends = [];
    private readonly ArrayBufferWriter<byte> documents = new();

    public Table<T> Table => table;

    public IReadOnlyList<T> Added => added;

    public IReadOnlyList<T> Changed => changed;

    /// <param name="known">Everything up to this position is in the store.</param>
    public void Fill(Utf8JsonWriter json, long known, IReadOnlyCollection<T> rows)
    {
        added.Clear();
        changed.Clear();
        ends.Clear();
        documents.ResetWrittenCount();
        foreach (var row in rows)
        {
            (table.Position(row) > known ? added : changed).Add(row);
        }

        Serialize(json, added);
        Serialize(json, changed);
    }

    /// <param name="index">Of a row, the changed ones counted on after the added ones.</param>
    public ReadOnlyMemory<byte> Document(int index) => documents.WrittenMemory[(index == 0 ? 0 : ends[index - 1])..ends[index]];

    private void Serialize(Utf8JsonWriter json, List<T> rows)
    {
        foreach (var row in rows)
        {
            json.Reset(documents);
            JsonSerializer.Serialize(json, row, table.Json);
            ends.Add(documents.WrittenCount);
        }
    }
}
