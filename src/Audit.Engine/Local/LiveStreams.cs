using Audit.Engine.Streams;

namespace Audit.Engine.Local;

/// <summary>
/// The live streams of a shard in two generations: what was not used for a whole generation is passivated with it,
/// so that forgetting costs nothing on the way of a message. Memory is bounded by the events that the streams hold.
/// </summary>
internal sealed class LiveStreams(long maxWeight, int maxKnown)
{
    private readonly KnownStreams known = new(maxKnown);
    private Dictionary<StreamKey, LiveStream> young = [];
    private Dictionary<StreamKey, LiveStream> old = [];
    private long youngWeight;

    public int Count => young.Count + old.Count;

    public bool TryGet(StreamKey key, out LiveStream stream)
    {
        if (young.TryGetValue(key, out stream!))
        {
            return true;
        }

        if (!old.Remove(key, out stream!))
        {
            return false;
        }

        Add(stream);
        return true;
    }

    public void Add(LiveStream stream)
    {
        young[stream.Handle.Key] = stream;
        Grow(stream.Weight);
    }

    /// <summary>Counts what a stream has come to hold since it was added.</summary>
    public void Grow(long weight) => youngWeight += weight;

    public void Remove(StreamKey key)
    {
        young.Remove(key);
        old.Remove(key);
    }

    /// <summary>Whether a stream that is not live is in the journal, as far as this shard remembers.</summary>
    public bool IsKnown(StreamKey key) => known.Contains(key);

    /// <summary>
    /// Forgets a stream that is over. Most calls end within a moment of their beginning: what is forgotten then dies
    /// young and costs the collector nothing, where a minute's worth of ended calls would be moved through all its
    /// generations.
    /// </summary>
    public void Forget(LiveStream stream)
    {
        // Another one may have been opened in its place since.
        if (TryGet(stream.Handle.Key, out var live) && ReferenceEquals(live, stream))
        {
            young.Remove(stream.Handle.Key);
            Grow(-stream.Weight);
            known.Add(stream.Handle.Key);
        }
    }

    public void PassivateIfFull()
    {
        if (youngWeight > maxWeight / 2)
        {
            Passivate();
        }
    }

    /// <summary>Forgets the old generation and makes the young one old; streams that are needed stay.</summary>
    public void Passivate()
    {
        var forgotten = old;
        (old, young, youngWeight) = (young, forgotten, 0);
        var busy = forgotten.Values.Where(stream => stream.IsNeeded).ToArray();
        foreach (var key in forgotten.Keys)
        {
            known.Add(key);
        }

        forgotten.Clear();
        foreach (var stream in busy)
        {
            Add(stream);
        }
    }
}

/// <summary>Reads streams back from the journal.</summary>
internal sealed class StreamLoading(IJournal journal, BookSeal seal, EngineOptions options)
{
    /// <param name="add">Takes each stream that could be read.</param>
    /// <returns>Null for a stream that cannot be read; the others are live.</returns>
    public async Task<LiveStream?[]> LoadAsync(Submission[] submissions, Action<LiveStream> add)
    {
        var streams = new LiveStream?[submissions.Length];
        try
        {
            var stored = await journal.ReadStreamsAsync(
                [.. submissions.Select(submission => submission.Stream)], CancellationToken.None);
            for (var index = 0; index < submissions.Length; index++)
            {
                streams[index] = Replay(submissions[index], stored[index]);
                if (streams[index] is { } stream)
                {
                    add(stream);
                }
            }
        }
        catch (Exception exception)
        {
            // However the read failed, every item of these streams is answered as not known and may be sent again.
            options.Failures.Report("engine read", exception);
        }

        return streams;
    }

    private LiveStream? Replay(Submission submission, IReadOnlyList<JournalRow> stored)
    {
        try
        {
            var stream = LiveStream.For(submission);
            foreach (var row in stored)
            {
                stream.Replay(row, seal.Proof.Proves(row));
            }

            return stream;
        }
        catch (InvalidDataException exception)
        {
            options.Failures.Report("engine replay", exception);
            return null;
        }
    }
}
