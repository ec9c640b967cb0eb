using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Calls;

/// <summary>A person acknowledges violations of a call or a window, as they stand, and nothing else.</summary>
/// <param name="By">The name of the token.</param>
/// <param name="Person">Who holds it, where that is another name.</param>
public sealed record Review(IReadOnlyList<SeenVerdict> Verdicts, string By, string? Person, Timestamp At)
{
    /// <summary>So many violations are acknowledged in one act.</summary>
    public const int Most = 100;

    /// <summary>What the person found it to be.</summary>
    public ReviewFinding Finding { get; init; }

    /// <summary>Who is behind what was reported may review it, and in the event that he did: a book of one person.</summary>
    public bool MayBeOwn { get; init; }

    /// <summary>
    /// Who reviews is behind a source that it is about, or has a token from somebody who is. It is asked when he acts,
    /// and not written down.
    /// </summary>
    public bool OfParty { get; init; }

    /// <summary>Who is behind it, to be compared with who reported the violation.</summary>
    public string Behind => Person ?? By;
}

/// <summary>What a person finds a violation to be. It stays a violation, whatever was found.</summary>
public enum ReviewFinding : byte
{
    /// <summary>It is known, and nothing more is to be done about it.</summary>
    Acknowledged,

    /// <summary>What was refused was nothing to be refused; the rules or the host are at fault.</summary>
    FalseAlarm,

    /// <summary>Somebody else has to go on with it.</summary>
    Escalated,
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
    /// <summary>What that event found.</summary>
    public ReviewFinding Finding { get; init; }

    public static RulingLink? Find(RulingLink? newest, long sequence)
    {
        var link = newest;
        while (link is not null && link.Sequence != sequence)
        {
            link = link.Earlier;
        }

        return link;
    }

    public static RulingLink? After(RulingLink? newest, Review review, long sequence) => review.Verdicts.Aggregate(
        newest, (earlier, seen) => new RulingLink(seen.Sequence, sequence, earlier) { Finding = review.Finding });

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

/// <param name="Taken">What is to be written; null where nothing is.</param>
/// <param name="Sequence">Of the event, or of the one that reviewed the same before.</param>
public sealed record ReviewDecision(
    Review? Taken, long Sequence, ReviewRefusal Refusal = ReviewRefusal.None, string? Error = null)
{
    public MessageOutcome Outcome => Refusal != ReviewRefusal.None ? MessageOutcome.Refused
        : Taken is null ? MessageOutcome.Duplicate
        : MessageOutcome.Recorded;
}

/// <summary>A call or a window, as far as its violations are reviewed.</summary>
public interface IReviewable
{
    /// <summary>As a sentence names it.</summary>
    string Noun { get; }

    long Sequence { get; }

    /// <summary>What was reviewed, and judged anew after that.</summary>
    RulingLink? Rulings { get; }

    /// <summary>What stands of a message that is or was a violation; null where it never was.</summary>
    ViolationCause? VerdictOn(long sequence);

    /// <summary>Whether who reviews is behind what he reviews, or behind what it is about.</summary>
    bool IsOwnOf(Review review);
}

/// <summary>
/// The law of reviews, which move nothing: who may review, and that what is reviewed is what stands. Pure, so that it
/// is asked again whenever the stream had moved on.
/// </summary>
public static class ReviewDecider
{
    public static ReviewDecision Decide(IReviewable judged, Review review)
    {
        foreach (var seen in review.Verdicts)
        {
            if (judged.VerdictOn(seen.Sequence) is not { } now)
            {
                return Refuse(
                    ReviewRefusal.NoViolation,
                    $"there is no violation at sequence {seen.Sequence} of this {judged.Noun}");
            }

            if (now != seen.Cause)
            {
                return Refuse(
                    ReviewRefusal.Stale,
                    $"the verdict on the message at sequence {seen.Sequence} is \"{SeenVerdict.WordOf(now)}\" by now, "
                        + $"and not \"{seen.Word}\"");
            }
        }

        var isOwn = judged.IsOwnOf(review);
        if (isOwn && !review.MayBeOwn)
        {
            return Refuse(
                ReviewRefusal.Own,
                $"{review.Behind} is behind what was reported of this {judged.Noun}, and another person reviews it");
        }

        // Who finds something else than was found before is heard again.
        var known = review.Verdicts.Select(seen => RulingLink.Find(judged.Rulings, seen.Sequence) is { } link
            && link.Finding == review.Finding ? link.Review : 0);
        return known.Min() is > 0 and var reviewed
            ? new ReviewDecision(null, reviewed)
            : new ReviewDecision(review with { MayBeOwn = isOwn }, judged.Sequence + 1);
    }

    private static ReviewDecision Refuse(ReviewRefusal refusal, string sentence) => new(null, 0, refusal, sentence);
}

/// <summary>A call for whoever reviews it, judged once.</summary>
public sealed class ReviewedCall(CallHistory history) : IReviewable
{
    private readonly Entry[] judged = history.JudgedByArrival();
    private IReadOnlyList<Verdict>? verdicts;

    public string Noun => "call";

    public long Sequence => history.Sequence;

    public RulingLink? Rulings => history.Rulings;

    public ViolationCause? VerdictOn(long sequence)
    {
        if (history.EntryAt(sequence) is not { } entry
            || (entry.Cause == ViolationCause.None && RulingLink.Find(history.Rulings, sequence) is null))
        {
            return null;
        }

        verdicts ??= judged.Length == 0 ? [] : Judge.Of(judged).Verdicts;
        return entry.Weight != EntryWeight.Judged ? entry.Cause
            : verdicts[Array.FindIndex(judged, one => one.Sequence == sequence)].Cause;
    }

    /// <summary>Nobody reviews what he reported, and nobody what lifted it.</summary>
    public bool IsOwnOf(Review review)
    {
        if (review.OfParty)
        {
            return true;
        }

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
}
