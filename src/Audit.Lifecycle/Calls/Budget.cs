using System.Collections.Immutable;
using System.Numerics;
using System.Security.Cryptography;
using Audit.Lifecycle.Hashing;
using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Calls;

/// <summary>How much one call may write. A limit on everything: no host fills the book with one call.</summary>
public static class CallLimits
{
    /// <summary>Repeats of one kind and cause, that is messages which move nothing; further ones are counted.</summary>
    public const int Repeats = 100;

    /// <summary>Messages that are written in full, repeats being at most half of them; further ones as heads.</summary>
    public const int Full = 1000;

    /// <summary>Messages that are written at all.</summary>
    public const int Written = 10_000;

    /// <summary>
    /// Successful completions whose result was not seen before, which nothing crowds out; and as many messages on what
    /// ran with an input that was not seen before.
    /// </summary>
    public const int Results = 50;

    /// <summary>Events of the stream past which a late message says no more of older ones than the law does.</summary>
    public const int Events = 20_000;

    /// <summary>What is counted is written down at powers of two, before it leaves memory, and within this.</summary>
    public static readonly TimeSpan CountedWithin = TimeSpan.FromSeconds(10);
}

/// <summary>How a message is kept.</summary>
internal enum Room : byte
{
    Full,
    Head,
    Counted,
    Refused,
}

/// <summary>Of one kind of message and one cause: how many are written, and what was only counted.</summary>
/// <param name="Chain">A hash over all that was counted, each with the one before.</param>
/// <param name="WrittenAt">When the count was last written down.</param>
/// <param name="WrittenCount">What it was then.</param>
public sealed record Tally(
    int Written = 0, long Counted = 0, Timestamp First = default, Timestamp Last = default, Fingerprint Chain = default,
    Timestamp WrittenAt = default, long WrittenCount = 0)
{
    public Tally Count(CallMessage message) => this with
    {
        Counted = Counted + 1,
        First = Counted == 0 ? message.ReceivedAt : First,
        Last = message.ReceivedAt,
        Chain = Link(Chain, message.Dedup),
        WrittenAt = Counted == 0 ? message.ReceivedAt : WrittenAt,
    };

    /// <summary>Whether a count is to be written down that was just made.</summary>
    public bool IsDue => BitOperations.IsPow2(Counted) || Last >= WrittenAt.Add(CallLimits.CountedWithin);

    private static Fingerprint Link(Fingerprint chain, Fingerprint message)
    {
        Span<byte> both = stackalloc byte[2 * Fingerprint.Length];
        chain.CopyTo(both);
        message.CopyTo(both[Fingerprint.Length..]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(both, hash);
        return Fingerprint.From(hash);
    }
}

/// <summary>
/// What a call has written, by kind and cause, so that no kind crowds out another. A call of few messages needs none:
/// it is made of the entries once there are as many as any limit.
/// </summary>
internal sealed class Budget
{
    private readonly ImmutableDictionary<(MessageKind Kind, ViolationCause Cause), Tally> tallies;
    private readonly ImmutableHashSet<Fingerprint> results;
    private readonly ImmutableHashSet<Fingerprint> inputs;
    private readonly ImmutableHashSet<int> names;
    private readonly int full;
    private readonly int repeats;
    private readonly int written;

    private Budget(
        ImmutableDictionary<(MessageKind Kind, ViolationCause Cause), Tally> tallies,
        ImmutableHashSet<Fingerprint> results, ImmutableHashSet<Fingerprint> inputs, ImmutableHashSet<int> names,
        int full, int repeats, int written)
    {
        (this.tallies, this.results, this.inputs, this.names, this.full, this.repeats, this.written) =
            (tallies, results, inputs, names, full, repeats, written);
        Counted = tallies.Values.Sum(tally => tally.Counted);
    }

    public long Counted { get; }

    public IEnumerable<KeyValuePair<(MessageKind Kind, ViolationCause Cause), Tally>> Unwritten =>
        tallies.Where(one => one.Value.Counted > one.Value.WrittenCount);

    /// <summary>By what it holds, so that two histories of the same events are the same.</summary>
    public override bool Equals(object? obj) => obj is Budget other
        && (full, repeats, written) == (other.full, other.repeats, other.written)
        && results.SetEquals(other.results) && inputs.SetEquals(other.inputs) && tallies.Count == other.tallies.Count
        && tallies.All(pair => other.TallyOf(pair.Key.Kind, pair.Key.Cause) == pair.Value);

    public override int GetHashCode() => HashCode.Combine(full, repeats, written);

    public static Budget Of(Entry? latest)
    {
        var entries = new List<Entry>();
        for (var entry = latest; entry is not null; entry = entry.Earlier)
        {
            entries.Add(entry);
        }

        var budget = new Budget(
            ImmutableDictionary<(MessageKind, ViolationCause), Tally>.Empty, [], [], [], full: 0,
            repeats: 0, written: 0);
        for (var index = entries.Count - 1; index >= 0; index--)
        {
            budget = budget.Write(entries[index]);
        }

        return budget;
    }

    /// <summary>Whether it may be known already; where not, nobody need look through all that is.</summary>
    public bool MayKnow(CallMessage message) => NamesOf(message).Any(names.Contains);

    public Tally TallyOf(MessageKind kind, ViolationCause cause) => tallies.GetValueOrDefault((kind, cause), new());

    /// <summary>How a message is kept: what is new or moves the call always, what repeats within its limit.</summary>
    public Room RoomFor(CallMessage message, ViolationCause cause, bool moves)
    {
        if (IsNew(message, cause))
        {
            return Room.Full;
        }

        if (written >= CallLimits.Written)
        {
            return moves ? Room.Refused : Room.Counted;
        }

        if (!moves && TallyOf(message.Kind, cause).Written >= CallLimits.Repeats)
        {
            return Room.Counted;
        }

        return full < CallLimits.Full && (moves || repeats < CallLimits.Full / 2) ? Room.Full : Room.Head;
    }

    public Budget Write(Entry entry)
    {
        var (message, key) = (entry.Message, (entry.Message.Kind, entry.Cause));
        var isFull = RoomFor(message, entry.Cause, entry.Moves) == Room.Full;
        var isNew = IsNew(message, entry.Cause);
        var tally = TallyOf(message.Kind, entry.Cause);
        return new Budget(
            tallies.SetItem(key, tally with { Written = tally.Written + 1 }),
            message.IsSuccessfulCompletion && results.Count < CallLimits.Results
                ? results.Add(message.Result) : results,
            HasNewInput(message) ? inputs.Add(message.Input) : inputs, names.Union(NamesOf(message)),
            full + (isFull && !isNew ? 1 : 0), repeats + (isFull && !isNew && !entry.Moves ? 1 : 0), written + 1);
    }

    public Budget With(MessageKind kind, ViolationCause cause, Tally tally) =>
        new(tallies.SetItem((kind, cause), tally), results, inputs, names, full, repeats, written);

    private static IEnumerable<int> NamesOf(CallMessage message)
    {
        yield return message.Dedup.GetHashCode();
        if ((message.DerivedId ?? message.MessageId) is { } id)
        {
            yield return id.GetHashCode();
        }
    }

    /// <summary>
    /// The first of its kind, of its cause, of its result, of its input, and what the node itself decides: nothing crowds it out.
    /// </summary>
    private bool IsNew(CallMessage message, ViolationCause cause) =>
        (message.Answers is not null && cause == ViolationCause.None)
        || !tallies.Keys.Any(key => key.Kind == message.Kind)
        || (cause != ViolationCause.None && !tallies.Keys.Any(key => key.Cause == cause))
        || (message.IsSuccessfulCompletion && results.Count < CallLimits.Results && !results.Contains(message.Result))
        || HasNewInput(message);

    /// <summary>Who says that something else ran says something new, however often he said that anything did.</summary>
    private bool HasNewInput(CallMessage message) => CallLaw.ReportsWhatRan(message.Kind)
        && !message.Input.IsEmpty && inputs.Count < CallLimits.Results && !inputs.Contains(message.Input);
}
