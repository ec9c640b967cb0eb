using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Calls;

/// <summary>A person acknowledges violations of a call, as they stand, and nothing else of it.</summary>
/// <param name="By">The name of the token.</param>
/// <param name="Person">Who holds it, where that is another name.</param>
public sealed record Review(IReadOnlyList<SeenVerdict> Verdicts, string By, string? Person, Timestamp At)
{
    /// <summary>So many violations are acknowledged in one act.</summary>
    public const int Most = 100;

    /// <summary>Who is behind what was reported may review it, and in the event that he did: a book of one person.</summary>
    public bool MayBeOwn { get; init; }

    /// <summary>Who reviews is behind the call's source, or has a token from somebody who is.</summary>
    public bool OfParty { get; init; }

    /// <summary>Who is behind it, to be compared with who reported the violation.</summary>
    public string Behind => Person ?? By;
}

/// <summary>The verdict on a message that is or was a violation, as somebody saw it.</summary>
/// <param name="Cause"><see cref="ViolationCause.None"/> where a later message lifted it.</param>
public readonly record struct SeenVerdict(long Sequence, ViolationCause Cause)
{
    private const string Lifted = "lifted";

    public string Word => WordOf(Cause);

    public static string WordOf(ViolationCause cause) =>
        cause == ViolationCause.None ? Lifted : Words.Of(cause);

    /// <returns>Null where the word is none of a verdict.</returns>
    public static SeenVerdict? Of(long sequence, string word) =>
        word == Lifted ? new SeenVerdict(sequence, ViolationCause.None)
        : Words.TryCause(Encoding.UTF8.GetBytes(word), out var cause) && cause != ViolationCause.None
            ? new SeenVerdict(sequence, cause)
            : null;
}

/// <summary>
/// What later events said of a message: that it was a violation after all, that somebody reviewed it, that it was
/// judged anew since. The newest first.
/// </summary>
/// <param name="Review">The event that reviewed it as it stands; 0 where none did.</param>
public sealed record RulingLink(long Sequence, long Review, RulingLink? Earlier)
{
    public static RulingLink? Find(RulingLink? newest, long sequence)
    {
        var link = newest;
        while (link is not null && link.Sequence != sequence)
        {
            link = link.Earlier;
        }

        return link;
    }

    /// <summary>A verdict that changed was not reviewed as it stands now.</summary>
    internal static RulingLink? After(RulingLink? newest, CallEvent.Rejudged rejudged) =>
        Find(newest, rejudged.Sequence) switch
        {
            null when rejudged.Now.IsViolation && !rejudged.Was.IsViolation =>
                new RulingLink(rejudged.Sequence, Review: 0, newest),
            { Review: > 0 } => new RulingLink(rejudged.Sequence, Review: 0, newest),
            _ => newest,
        };
}

/// <summary>Why a review is not taken.</summary>
public enum ReviewRefusal : byte
{
    None,

    /// <summary>A message that it names never was a violation, or is not there.</summary>
    NoViolation,

    /// <summary>Who reviews is behind what was reported.</summary>
    Own,

    /// <summary>The verdicts are others by now.</summary>
    Stale,
}

/// <param name="Event">Null where nothing is to be written.</param>
/// <param name="Sequence">Of the event, or of the one that reviewed the same before.</param>
public sealed record ReviewDecision(
    CallHistory After, CallEvent.Reviewed? Event, long Sequence, ReviewRefusal Refusal = ReviewRefusal.None,
    string? Error = null)
{
    public MessageOutcome Outcome => Refusal != ReviewRefusal.None ? MessageOutcome.Refused
        : Event is null ? MessageOutcome.Duplicate
        : MessageOutcome.Recorded;
}

/// <summary>
/// The law of reviews, which move no call: who may review, and that what is reviewed is what stands. Pure, so that it
/// is asked again whenever the stream had moved on.
/// </summary>
public static class ReviewDecider
{
    public static ReviewDecision Decide(CallHistory history, Review review)
    {
        var judged = history.JudgedByArrival();
        var verdicts = judged.Length == 0 ? [] : Judge.Of(judged).Verdicts;
        foreach (var seen in review.Verdicts)
        {
            if (history.EntryAt(seen.Sequence) is not { } entry || !WasViolation(history, entry))
            {
                return Refuse(
                    history, ReviewRefusal.NoViolation,
                    $"there is no violation at sequence {seen.Sequence} of this call");
            }

            var now = entry.Weight != EntryWeight.Judged ? entry.Cause
                : verdicts[Array.FindIndex(judged, one => one.Sequence == seen.Sequence)].Cause;
            if (now != seen.Cause)
            {
                return Refuse(
                    history, ReviewRefusal.Stale,
                    $"the verdict on the message at sequence {seen.Sequence} is \"{SeenVerdict.WordOf(now)}\" by now, "
                        + $"and not \"{seen.Word}\"");
            }
        }

        var isOwn = review.OfParty || Reports(history, review);
        if (isOwn && !review.MayBeOwn)
        {
            return Refuse(
                history, ReviewRefusal.Own,
                $"{review.Behind} is behind what was reported of this call, and another person reviews it");
        }

        var known = review.Verdicts.Select(seen => RulingLink.Find(history.Rulings, seen.Sequence)?.Review ?? 0);
        if (known.Min() is > 0 and var reviewed)
        {
            return new ReviewDecision(history, null, reviewed);
        }

        var happened = new CallEvent.Reviewed(review with { MayBeOwn = isOwn });
        var after = CallEvolution.Evolve(history, happened);
        return new ReviewDecision(after, happened, after.Sequence);
    }

    private static ReviewDecision Refuse(CallHistory history, ReviewRefusal refusal, string sentence) =>
        new(history, null, 0, refusal, sentence);

    /// <summary>Nobody reviews what he reported, and nobody what lifted it.</summary>
    private static bool Reports(CallHistory history, Review review)
    {
        for (var entry = history.Latest; entry is not null; entry = entry.Earlier)
        {
            var isNamed = review.Verdicts.Any(seen => seen.Sequence == entry.Sequence);
            if ((isNamed || !entry.Message.MadeByNode) && entry.Message.Behind == review.Behind)
            {
                return true;
            }
        }

        return false;
    }

    private static bool WasViolation(CallHistory history, Entry entry) =>
        entry.Cause != ViolationCause.None || RulingLink.Find(history.Rulings, entry.Sequence) is not null;
}
