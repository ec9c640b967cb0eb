namespace Audit.Journal.Events;

/// <summary>What a review is of: a call, or a window.</summary>
public abstract record Reviewable
{
    private Reviewable() { }

    public sealed record Call(SessionName Session, string ToolCallId, string? TaskId, string? Agent) : Reviewable;

    /// <param name="State">Where it stands, as its stream knows: a review does not change it.</param>
    public sealed record Window(string WindowId, WindowState State = default) : Reviewable;
}

public sealed partial class EventWriter
{
    /// <param name="reason">What the person says of it, as JSON.</param>
    public EncodedEvent Write(Reviewable of, Review review, ReadOnlySpan<byte> reason, RedactionMark? redacted)
    {
        var name = of is Reviewable.Call ? EventNames.CallReviewed : EventNames.WindowReviewed;
        Begin(name, review.At, review.By, (of as Reviewable.Call)?.Session);
        if (of is Reviewable.Call call)
        {
            json.WriteString(EventField.ToolCallId, call.ToolCallId);
            json.WriteString(EventField.TaskId, call.TaskId);
            json.WriteString(EventField.Agent, call.Agent);
        }
        else if (of is Reviewable.Window window)
        {
            json.WriteString(EventField.WindowId, window.WindowId);
            json.WriteString(EventField.From, WordOf(window.State));
            json.WriteString(EventField.To, WordOf(window.State));
        }

        json.WriteBoolean(EventField.MadeByNode, true);
        json.WriteStartArray(EventField.Sequences);
        foreach (var seen in review.Verdicts)
        {
            json.WriteNumberValue(seen.Sequence);
        }

        json.WriteEndArray();
        json.WriteTexts(EventField.Verdicts, review.Verdicts.Select(seen => seen.Word));
        json.WriteString(EventField.ReviewedBy, review.By);
        if (review.Finding != ReviewFinding.Acknowledged)
        {
            json.WriteString(EventField.Finding, Words.Of(review.Finding));
        }

        json.WriteOptional(EventField.Person, review.Person);
        if (review.MayBeOwn)
        {
            json.WriteBoolean(EventField.SelfApproved, true);
        }

        WriteNonce();
        WriteMark(redacted);
        return End(name, reason);
    }
}
