namespace Audit.Lifecycle.Calls;

/// <summary>Whether a message counts when its call is judged.</summary>
public enum EntryWeight : byte
{
    Judged,

    /// <summary>Kept as a violation whatever the history says: its message_id belongs to another record.</summary>
    MessageIdReused,

    /// <summary>Kept as evidence only: it was too large to be read.</summary>
    Oversized,

    /// <summary>
    /// Kept as a violation: a decision on a question that does not stand, or that its maker may not take.
    /// </summary>
    Answerless,

    /// <summary>Kept as a violation: with it a limit is reached, and what repeats it is only counted.</summary>
    Flooding,

    /// <summary>Another channel reports what is known: it counts for nothing.</summary>
    Confirming,
}

/// <summary>A message in its place of arrival, linked to the one before: appending shares all that is older.</summary>
public sealed record Entry(Entry? Earlier, long Sequence, CallMessage Message, EntryWeight Weight)
{
    /// <summary>
    /// The entry after which it stands, before all that follows: of a decision the question, of what another channel
    /// reported differently that, and of what a host dates back before a decision that it knew, the question of that.
    /// Null where it stands in a place of its own.
    /// </summary>
    public Entry? Anchor { get; init; }

    /// <summary>The same where times order the messages: the host may stop numbering them.</summary>
    public Entry? DatedAnchor { get; init; }

    /// <summary>
    /// The sequence number of the message with which it stands by arrival: only what names its place stands elsewhere
    /// than it came.
    /// </summary>
    public long ArrivedWith { get; init; } = Sequence;

    /// <summary>What it did against the law when it arrived.</summary>
    public ViolationCause Cause { get; init; }

    /// <summary>Another channel gave it a time, which does not count.</summary>
    public bool IsAlsoDated { get; init; }

    /// <summary>It moved the call when it arrived.</summary>
    public bool Moves { get; init; }

    public static EntryWeight WeightOf(ViolationCause cause, CallMessage message) =>
        message.Confirms ? EntryWeight.Confirming : WeightOf(cause);

    /// <summary>The weight of a message that is a violation of this cause.</summary>
    public static EntryWeight WeightOf(ViolationCause cause) => cause switch
    {
        ViolationCause.MessageIdReused => EntryWeight.MessageIdReused,
        ViolationCause.StaleAnswer or ViolationCause.OwnQuestion => EntryWeight.Answerless,
        ViolationCause.Flooded => EntryWeight.Flooding,
        _ => EntryWeight.Judged,
    };

    /// <summary>By the host's own numbers or its clock.</summary>
    public static int Compare(Entry one, Entry other, bool numbered)
    {
        var (place, otherPlace) = (one.AnchorIn(numbered) ?? one, other.AnchorIn(numbered) ?? other);
        var compared = Judge.Compare(place.Message, otherPlace.Message, numbered);
        return compared != 0 ? compared : CompareArrival(one, place.Sequence, other, otherPlace.Sequence);
    }

    public static int CompareArrival(Entry one, Entry other) =>
        CompareArrival(one, one.ArrivedWith, other, other.ArrivedWith);

    /// <param name="numbered">The host's numbers order the messages.</param>
    public Entry? AnchorIn(bool numbered) => numbered ? Anchor : DatedAnchor;

    private static int CompareArrival(Entry one, long place, Entry other, long otherPlace) =>
        place != otherPlace ? place.CompareTo(otherPlace) : one.Sequence.CompareTo(other.Sequence);
}

/// <summary>The decisions of a call, the newest first.</summary>
public sealed record AnswerLink(Entry Entry, AnswerLink? Earlier);

/// <summary>Links the messages of a call by arrival, and gives each its place.</summary>
public sealed class EntryChain
{
    private readonly List<Entry> judged = [];
    private AnswerLink? answers;
    private bool numbered = true;

    public IReadOnlyList<Entry> Judged => judged;

    public void Add(long sequence, CallMessage message)
    {
        numbered &= HasNumber(message);
        var place = PlaceNamedBy(message) is { } named ? judged.Find(entry => entry.Sequence == named) : null;
        var latest = judged.Count > 0 ? judged[^1] : null;
        var entry = Placed(
            new Entry(latest, sequence, message, EntryWeight.Judged), place, answers, numbered);
        answers = place is null || message.Answers is null ? answers : new AnswerLink(entry, answers);
        judged.Add(entry);
    }

    /// <summary>A decision has no number of the host's, and takes none from the others.</summary>
    public static bool HasNumber(CallMessage message) => message.Seq is not null || message.Answers is not null;

    /// <summary>The sequence number of the message after which this one says that it stands.</summary>
    internal static long? PlaceNamedBy(CallMessage message) => message.Answers?.Sequence ?? message.Beside?.Sequence;

    /// <param name="named">The question that the message answers, or what another channel reported of it.</param>
    /// <param name="numbered">The host numbers all of its messages, this one too.</param>
    internal static Entry Placed(Entry entry, Entry? named, AnswerLink? answers, bool numbered)
    {
        var dated = AnchorOf(entry.Message, named, answers, numbered: false);
        var anchor = numbered ? AnchorOf(entry.Message, named, answers, numbered) : dated;
        // What is not believed to be older than a decision came after it.
        var isWithNamed = named is not null && ReferenceEquals(dated, named.DatedAnchor ?? named)
            && ReferenceEquals(anchor, named.AnchorIn(numbered) ?? named);
        return entry with
        {
            Anchor = anchor, DatedAnchor = dated, ArrivedWith = isWithNamed ? named!.ArrivedWith : entry.Sequence,
        };
    }

    private static Entry? AnchorOf(CallMessage message, Entry? named, AnswerLink? answers, bool numbered)
    {
        named = named?.AnchorIn(numbered) ?? named;
        if (message.Answers is not null && named is not null)
        {
            return named;
        }

        var latest = named;
        var own = named?.Message ?? message;
        for (var link = answers; link is not null; link = link.Earlier)
        {
            var place = link.Entry.AnchorIn(numbered)!;
            if (MustFollow(message, link.Entry.Message) && Judge.Compare(own, place.Message, numbered) < 0
                && (latest is null || Entry.Compare(latest, place, numbered) < 0))
            {
                latest = place;
            }
        }

        return latest;
    }

    /// <summary>
    /// Whoever knows a decision and then asks for something else, or says that what was refused ran, is not believed
    /// that it was before.
    /// </summary>
    private static bool MustFollow(CallMessage message, CallMessage decision) => decision.Kind == MessageKind.Approved
        ? message.Kind == MessageKind.RequiresConfirmation && message.Question != decision.Answers!.Value.Question
        : message.ClaimsToHaveRun || (message.Kind == MessageKind.Approved && !message.MadeByNode);
}
