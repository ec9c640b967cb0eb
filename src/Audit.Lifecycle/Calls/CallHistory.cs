namespace Audit.Lifecycle.Calls;

/// <summary>
/// A call as its stream has it. Immutable: <see cref="CallDecider"/> asks it and <see cref="CallEvolution"/> makes
/// the next one.
/// </summary>
/// <param name="Latest">The newest message; the older ones hang on it.</param>
/// <param name="Sequence">The last sequence number of the stream.</param>
/// <param name="Judged">How many messages count in the judgement.</param>
/// <param name="Messages">How many messages are written down.</param>
/// <param name="Flooded">Messages that were counted and not written, as far as the stream knows.</param>
/// <param name="Standing">Where the call stands after all that is judged.</param>
/// <param name="InOrder">
/// What the host says of the order and the order of arrival agree so far: the next message may take one step.
/// </param>
/// <param name="Numbered">Every judged message of the host has its own number.</param>
/// <param name="Answers">The decisions that count in the judgement.</param>
public sealed record CallHistory(
    Entry? Latest = null, long Sequence = 0, int Judged = 0, int Messages = 0, long Flooded = 0,
    Standing Standing = default, bool InOrder = true, bool Numbered = true, AnswerLink? Answers = null)
{
    public static readonly CallHistory Empty = new();

    /// <summary>What is written by kind and cause; null while there are too few messages for any limit.</summary>
    internal Budget? Budget { get; init; }

    /// <summary>Of a long history what was made of it for a late message, to be gone on with for the next.</summary>
    internal LongHistoryCache Long { get; init; }

    /// <summary>Messages were counted and that is not written down yet.</summary>
    public bool HasUnwrittenCounts => Budget?.Unwritten.Any() == true;

    /// <summary>What was reviewed, and judged anew after that; null in nearly all calls.</summary>
    public RulingLink? Rulings { get; init; }

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

    /// <summary>The judged messages as a long history; there is one at least.</summary>
    internal LongHistory AsLong() => Long.Value ?? LongHistory.Of(JudgedByArrival(), Numbered);

    /// <summary>
    /// Finds the first message of a host that a repeated delivery repeats, or whose message_id it takes. What an
    /// adapter derived is none of them, whatever it says.
    /// </summary>
    public Entry? Find(CallMessage message, out bool sameRecord)
    {
        sameRecord = false;
        if (Budget?.MayKnow(message) == false)
        {
            return null;
        }

        Entry? same = null;
        Entry? sameId = null;
        for (var entry = Latest; entry is not null; entry = entry.Earlier)
        {
            if (entry.Message.DerivedId is not null)
            {
                continue;
            }

            var isSameId = message.MessageId is not null && entry.Message.MessageId == message.MessageId;
            var isSameRecord = entry.Message.Dedup == message.Dedup;
            same = isSameRecord && (isSameId || message.MessageId is null) ? entry : same;
            sameId = isSameId ? entry : sameId;
        }

        sameRecord = same is not null;
        return same ?? sameId;
    }

    public Entry? EntryAt(long sequence)
    {
        var entry = Latest;
        while (entry is not null && entry.Sequence > sequence)
        {
            entry = entry.Earlier;
        }

        return entry?.Sequence == sequence ? entry : null;
    }

    /// <summary>The judged message with this sequence number.</summary>
    public Entry? Find(long sequence) => EntryAt(sequence) is { Weight: EntryWeight.Judged } entry ? entry : null;

    /// <summary>The message as the next entry.</summary>
    internal Entry Next(CallMessage message, EntryWeight weight)
    {
        var place = EntryChain.PlaceNamedBy(message) is { } named ? Find(named) : null;
        var entry = new Entry(Latest, Sequence + 1, message, weight);
        return weight == EntryWeight.Judged
            ? EntryChain.Placed(entry, place, Answers, Numbered && EntryChain.HasNumber(message))
            : entry;
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
