using Audit.Integrity.Verification;

namespace Audit.Integrity.Sealing;

/// <summary>Sees the rows go by that are sealed, and knows which sessions have rows that nothing counted yet.</summary>
public sealed class SessionWatch
{
    private readonly Lock gate = new();

    private readonly Dictionary<byte[], (long Since, long Last)>.AlternateLookup<ReadOnlySpan<byte>> waiting =
        new Dictionary<byte[], (long Since, long Last)>(Utf8Comparer.Instance)
            .GetAlternateLookup<ReadOnlySpan<byte>>();

    private readonly HashSet<string> ended = [];
    private long last;

    /// <summary>The position from which on there are rows of sessions that nothing is written of yet.</summary>
    public long From
    {
        get
        {
            lock (gate)
            {
                return waiting.Dictionary.Count == 0 ? last + 1 : waiting.Dictionary.Values.Min(rows => rows.Since);
            }
        }
    }

    /// <summary>Sessions that ended.</summary>
    public IReadOnlyList<string> TakeEnded()
    {
        lock (gate)
        {
            string[] taken = [.. ended];
            ended.Clear();
            return taken;
        }
    }

    /// <summary>All that have rows of which nothing is written yet.</summary>
    public IReadOnlyList<string> Waiting()
    {
        lock (gate)
        {
            return [.. waiting.Dictionary.Keys.Select(Encoding.UTF8.GetString)];
        }
    }

    /// <summary>It is written what a session held up to a position.</summary>
    public void Written(string session, long through)
    {
        var name = Encoding.UTF8.GetBytes(session);
        lock (gate)
        {
            if (!waiting.TryGetValue(name, out var rows) || rows.Since > through)
            {
                return;
            }

            if (rows.Last <= through)
            {
                waiting.Remove(name);
            }
            else
            {
                waiting[name] = (through + 1, rows.Last);
            }
        }
    }

    /// <summary>It could not be written; it is tried again.</summary>
    public void Again(string session)
    {
        lock (gate)
        {
            ended.Add(session);
        }
    }

    /// <summary>Looks again at rows that were sealed before this node sealed.</summary>
    public async Task CatchUpAsync(string address, long from, long through, CancellationToken cancellation)
    {
        await using var source = await RowSource.OpenAsync(address, cancellation);
        await source.SeekAsync(from, cancellation);
        for (var batch = new RowBatch();; batch.Clear())
        {
            await source.FillAsync(batch, cancellation);
            for (var i = 0; i < batch.Count; i++)
            {
                if (batch[i].Position > through)
                {
                    return;
                }

                Take(batch, i);
            }

            if (batch.Count == 0)
            {
                return;
            }
        }
    }

    internal void Take(RowBatch batch, int index)
    {
        var position = batch[index].Position;
        if (!StreamNames.TrySplit(batch.Stream(index), out var session, out _, out var call))
        {
            Passed(position);
            return;
        }

        var isEnd = call.IsEmpty && CheckedEvent.Of(batch, index).Turn == SessionTurn.Ends;
        lock (gate)
        {
            last = Math.Max(last, position);
            waiting[session] = waiting.TryGetValue(session, out var rows)
                ? (Math.Min(rows.Since, position), Math.Max(rows.Last, position))
                : (position, position);
            if (isEnd)
            {
                ended.Add(Encoding.UTF8.GetString(session));
            }
        }
    }

    private void Passed(long position)
    {
        lock (gate)
        {
            last = Math.Max(last, position);
        }
    }
}
