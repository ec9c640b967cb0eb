namespace Audit.Lifecycle.Calls;

/// <summary>
/// A call as its stream has it. Immutable: <see cref="CallDecider"/> asks it and <see cref="CallEvolution"/> makes
/// the next one.
/// </summary>
public sealed record CallHistory
{
    public static readonly CallHistory Empty = new();

    /// <summary>The newest message; the older ones hang on it.</summary>
    public Entry? Latest { get; init; }

    /// <summary>The last sequence number of the stream.</summary>
    public long Sequence { get; init; }

    /// <summary>How many messages count in the judgement.</summary>
    public int Judged { get; init; }

    /// <summary>Violations and repeats that are written down; past a limit they are only counted.</summary>
    public int Noise { get; init; }

    /// <summary>Transitions that are written down.</summary>
    public int Transitions { get; init; }

    /// <summary>Messages that were counted and not written, as far as the stream knows.</summary>
    public long Flooded { get; init; }

    /// <summary>Where the call stands after all that is judged.</summary>
    public Standing Standing { get; init; }

    /// <summary>Two sources reported a message of this call differently; it is noted once a call.</summary>
    public bool SourcesDiffer { get; init; }

    /// <summary>
    /// What the host says of the order and the order of arrival agree so far: the next message may take one step.
    /// </summary>
    public bool InOrder { get; init; } = true;

    /// <summary>Every judged message has the host's own number.</summary>
    public bool Numbered { get; init; } = true;

    /// <summary>The judged messages by arrival.</summary>
    public Entry[] JudgedByArrival()
    {
        var entries = new Entry[Judged];
        var at = Judged;
        for (var entry = Latest; entry is not null; entry = entry.Earlier)
        {
            if (entry.Weight == EntryWeight.Judged)
            {
                entries[--at] = entry;
            }
        }

        return entries;
    }

    /// <summary>Finds the first message that a repeated delivery repeats, or whose message_id it takes.</summary>
    public Entry? Find(CallMessage message, out bool sameRecord)
    {
        Entry? same = null;
        Entry? sameId = null;
        for (var entry = Latest; entry is not null; entry = entry.Earlier)
        {
            var isSameId = message.MessageId is not null && entry.Message.MessageId == message.MessageId;
            var isSameRecord = entry.Message.Dedup == message.Dedup;
            same = isSameRecord && (isSameId || message.MessageId is null) ? entry : same;
            sameId = isSameId ? entry : sameId;
        }

        // What an adapter derives is known by its message_id, whatever else has taken that since.
        sameRecord = same is not null;
        return message.Derived ? sameId ?? same : same ?? sameId;
    }

    public Entry? LatestJudged()
    {
        var entry = Latest;
        while (entry is not null && entry.Weight != EntryWeight.Judged)
        {
            entry = entry.Earlier;
        }

        return entry;
    }
}
