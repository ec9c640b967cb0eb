using Audit.Lifecycle.Hashing;

namespace Audit.Lifecycle.Calls;

/// <summary>What two reports of one message are compared by.</summary>
[Flags]
public enum SaidFields : byte
{
    None = 0,
    Tool = 1 << 0,
    Input = 1 << 1,
    Outcome = 1 << 2,
    Output = 1 << 3,
    Question = 1 << 4,
}

/// <summary>
/// What a derived message says, for the comparison with what another channel of its source says: keyed fingerprints,
/// for the law reads no payload. Empty is what it does not report.
/// </summary>
/// <param name="Outcome">Of the decision in it.</param>
/// <param name="Text">Of the text of the output, or of the reason, without white space around it.</param>
/// <param name="Head">Of the first KiB of a longer text, for it or the other may have been cut.</param>
/// <param name="Longer">Of the first 16 KiB of a still longer one.</param>
/// <param name="Data">Of what the result holds beside a text, or of the permission that is asked for.</param>
public sealed record Said(Fingerprint Outcome, Fingerprint Text, Fingerprint Head, Fingerprint Longer, Fingerprint Data)
{
    /// <summary>The same text, or the begin of the same.</summary>
    public bool BeginsLike(Said other) => Text == other.Text
        || (!Longer.IsEmpty && !other.Longer.IsEmpty ? Longer == other.Longer
            : !Head.IsEmpty && Head == other.Head);
}

/// <summary>A message that is reported a second time.</summary>
/// <param name="Sequence">The first report.</param>
/// <param name="Differing">Where the two differ; nowhere, and the second one confirms the first.</param>
public readonly record struct Beside(long Sequence, SaidFields Differing);

/// <summary>
/// A source may report one message over several channels, its hooks and its transcripts say, or by two tokens. What
/// says the same is known; what says more confirms what is known; what differs is kept beside it.
/// </summary>
internal static class Channels
{
    /// <param name="beside">Of a message that is to be kept: the one that was reported before it.</param>
    /// <returns>The message that this one repeats; null when it is to be kept.</returns>
    public static Entry? Find(CallHistory history, CallMessage message, out Beside? beside)
    {
        beside = null;
        if (history.Budget?.MayKnow(message) == false)
        {
            return null;
        }

        Entry? same = null;
        Entry? agreeing = null;
        Entry? first = null;
        for (var entry = history.Latest; entry is not null; entry = entry.Earlier)
        {
            if (entry.Message.DerivedId != message.DerivedId)
            {
                continue;
            }

            var isJudged = entry.Weight == EntryWeight.Judged;
            first = isJudged ? entry : first;
            if (entry.Message.Dedup == message.Dedup)
            {
                same = entry;
            }
            else if ((isJudged || entry.Weight == EntryWeight.Confirming)
                && Differing(entry.Message, message) == SaidFields.None)
            {
                agreeing = entry;
                same = IsRepeated(entry.Message, message) ? entry : same;
            }
        }

        if (same is null && first is not null)
        {
            beside = agreeing is not null
                ? new Beside(agreeing.Sequence, SaidFields.None)
                : new Beside(first.Sequence, Differing(first.Message, message));
        }

        return same;
    }

    /// <summary>
    /// Finds the completion that another one, of another channel and under another id, says as well. One of the two is
    /// derived: of what hosts send as records the law alone says what a second completion is.
    /// </summary>
    /// <inheritdoc cref="Find"/>
    public static Entry? FindCompletion(CallHistory history, CallMessage message, out Beside? beside)
    {
        beside = null;
        if (message.Kind != MessageKind.Completed || history.Standing.State != CallState.Completed
            || history.Standing.Refused || history.Standing.RefusedByNode)
        {
            return null;
        }

        for (var entry = history.Latest; entry is not null; entry = entry.Earlier)
        {
            var known = entry.Message;
            if (known.Kind != MessageKind.Completed || entry.Cause != ViolationCause.None)
            {
                continue;
            }

            var agrees = Differing(known, message) == SaidFields.None;
            if (entry.Weight == EntryWeight.Judged && (agrees || known.Beside is null))
            {
                beside = agrees && (known.Channel ?? message.Channel) is not null && !IsSameChannel(known, message)
                    ? new Beside(entry.Sequence, SaidFields.None)
                    : null;
                return null;
            }

            if (entry.Weight == EntryWeight.Confirming && agrees && IsSameChannel(known, message))
            {
                return entry;
            }
        }

        return null;
    }

    /// <summary>Of what both report.</summary>
    private static SaidFields Differing(CallMessage one, CallMessage other)
    {
        var output = one.Said is { } said && other.Said is { } otherSaid
            ? !said.Text.IsEmpty && !otherSaid.Text.IsEmpty && !said.BeginsLike(otherSaid)
            : CallLaw.Differs(one.Result, other.Result);
        return (CallLaw.Differs(one.ToolName, other.ToolName) ? SaidFields.Tool : 0)
            | (CallLaw.Differs(one.Input, other.Input) ? SaidFields.Input : 0)
            | (one.Success != other.Success || CallLaw.Differs(OutcomeOf(one), OutcomeOf(other))
                ? SaidFields.Outcome : 0)
            | (output ? SaidFields.Output : 0)
            | (AsksOtherwise(one, other) ? SaidFields.Question : 0);
    }

    /// <summary>
    /// It says nothing that is not known; but that another channel confirms a completion is worth a word.
    /// </summary>
    private static bool IsRepeated(CallMessage known, CallMessage message)
    {
        // Of a question and its answer an adapter knows the call from what it remembers, now and not before.
        var isRemembered = IsSameChannel(known, message)
            && message.Kind is MessageKind.RequiresConfirmation or MessageKind.Approved or MessageKind.Blocked;
        var saysMore = (!isRemembered && known.ToolName is null && message.ToolName is not null)
            || (!isRemembered && known.Input.IsEmpty && !message.Input.IsEmpty)
            || (message.Said is { } said
                && ((!said.Text.IsEmpty && said.Text != known.Said?.Text)
                    || (!said.Data.IsEmpty && said.Data != known.Said?.Data)));
        return !saysMore && (message.Kind != MessageKind.Completed || IsSameChannel(known, message));
    }

    /// <summary>By all that a question covers where both know the call, else by the permission asked for.</summary>
    private static bool AsksOtherwise(CallMessage one, CallMessage other) =>
        one.Input.IsEmpty == other.Input.IsEmpty && (one.ToolName is null) == (other.ToolName is null)
            ? CallLaw.Differs(one.Question, other.Question)
            : one.Kind == MessageKind.RequiresConfirmation
                && CallLaw.Differs(one.Said?.Data ?? default, other.Said?.Data ?? default);

    private static bool IsSameChannel(CallMessage one, CallMessage other) =>
        one.Token == other.Token && one.Channel == other.Channel;

    private static Fingerprint OutcomeOf(CallMessage message) => message.Said?.Outcome ?? default;
}
