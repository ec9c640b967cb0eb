namespace Audit.Projections.Facts;

/// <summary>
/// Reads the whole stream of a call from the journal, a few rows at a time, for a record may be large.
/// </summary>
internal sealed class CallStreams(IJournal journal)
{
    private const int RowsAtOnce = 64;

    private readonly FactsReader reader = new();

    /// <param name="through">The last position that counts.</param>
    /// <param name="skipped">Positions that an operator had passed over.</param>
    /// <exception cref="PoisonException">An event cannot be read.</exception>
    public async Task<List<CallEntry>> ReadAsync(
        string stream, long through, IReadOnlySet<long> skipped, CancellationToken cancellation)
    {
        var key = new StreamKey(stream);
        var entries = new List<CallEntry>();
        var after = 0L;
        while (true)
        {
            var rows = await journal.ReadStreamAsync(key, after, RowsAtOnce, cancellation);
            foreach (var row in rows)
            {
                if (row.Position > through)
                {
                    return entries;
                }

                after = row.Sequence;
                if (row.IsProven && !skipped.Contains(row.Position))
                {
                    entries.Add(new CallEntry(reader.Read(row, out var view), ReadByLaw(row, view)));
                }
            }

            if (rows.Count < RowsAtOnce)
            {
                return entries;
            }
        }
    }

    private CallEvent ReadByLaw(JournalRow row, in EventView view)
    {
        try
        {
            return EventReader.ReadCall(row, view);
        }
        catch (InvalidDataException unreadable)
        {
            throw new PoisonException(row.Position, unreadable.Message, unreadable);
        }
    }
}

/// <summary>An event of a call as the read models and as the law see it.</summary>
internal readonly record struct CallEntry(EventFacts Facts, CallEvent Happened);
