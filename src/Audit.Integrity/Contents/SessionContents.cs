using Audit.Integrity.Entries;

namespace Audit.Integrity.Contents;

/// <summary>
/// How much the book has of a session up to a position, as it is sealed when the session ends and now and then before:
/// who is given its rows later sees by it whether they are all.
/// </summary>
/// <param name="Session">With its source before it, as it stands in the names of its streams.</param>
/// <param name="Through">The position of the last row that is counted.</param>
/// <param name="Root">Of the Merkle tree over the leaves of its rows, in the order of their positions.</param>
public sealed record SessionContents(string Session, long Calls, long Rows, long Through, byte[] Root)
{
    public const string Act = "session.contents";

    /// <summary>Writes the facts of the event.</summary>
    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteString("session", Session);
        json.WriteNumber("calls", Calls);
        json.WriteNumber("rows", Rows);
        json.WriteNumber("through", Through);
        json.WriteBase64String("root", Root);
    }

    /// <summary>What an event says; null where it says nothing of the kind.</summary>
    public static SessionContents? TryRead(ReadOnlyMemory<byte> message)
    {
        try
        {
            using var json = JsonDocument.Parse(message);
            var facts = json.RootElement.GetProperty(EventField.Facts.Name);
            return new SessionContents(
                facts.GetProperty("session").GetString()!, facts.GetProperty("calls").GetInt64(),
                facts.GetProperty("rows").GetInt64(), facts.GetProperty("through").GetInt64(),
                facts.GetProperty("root").GetBytesFromBase64());
        }
        catch (Exception failure) when (JsonNote.IsOther(failure))
        {
            return null;
        }
    }

    public bool Equals(SessionContents? other) =>
        other is not null && (Session, Calls, Rows, Through) == (other.Session, other.Calls, other.Rows, other.Through)
        && Root.AsSpan().SequenceEqual(other.Root);

    public override int GetHashCode() => HashCode.Combine(Session, Calls, Rows, Through);
}

/// <summary>Counts the rows of sessions in a store, over connections of its own.</summary>
public sealed class SessionReader(string address, EntryKeys keys) : IAsyncDisposable
{
    // From `call|S|` up to what would come after every `call|S|…`: names are compared as bytes in both stores.
    private const string Sql = """
        SELECT ordering, sequence_number, created, identifier, deleted, persistence_id, coalesce(manifest, ''), message
        FROM journal WHERE persistence_id = $1 OR (persistence_id > $2 AND persistence_id < $3)
        """;

    private readonly StoreLook look = new(address);

    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<SessionContents> ReadAsync(string session, CancellationToken cancellation)
    {
        var (calls, rows, batch) = (new HashSet<string>(), new List<(long Position, byte[] Leaf)>(), new RowBatch());
        object?[] names = [$"notes|{session}", $"call|{session}|", $"call|{session}}}"];
        await look.ReadAsync(store => store.QueryAsync(Sql, names, Take, cancellation), cancellation);
        Flush();
        rows.Sort((one, other) => one.Position.CompareTo(other.Position));
        var tree = new GrowingTree();
        rows.ForEach(row => tree.Append(row.Leaf, []));
        return new SessionContents(
            session, calls.Count, rows.Count, rows.Count == 0 ? 0 : rows[^1].Position, tree.Root());

        bool Take(IStoredRow row)
        {
            if (batch.IsFull)
            {
                Flush();
            }

            if (row.Text(5) is var stream && stream != (string)names[0]!)
            {
                calls.Add(stream);
            }

            batch.Add(row);
            return true;
        }

        void Flush()
        {
            batch.Hash(keys);
            for (var i = 0; i < batch.Count; i++)
            {
                rows.Add((batch[i].Position, batch.Leaf(i).ToArray()));
            }

            batch.Clear();
        }
    }

    public ValueTask DisposeAsync() => look.DisposeAsync();
}
