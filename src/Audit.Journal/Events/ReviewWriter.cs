namespace Audit.Journal.Events;

public sealed partial class EventWriter
{
    /// <param name="reason">What the person says of it, as JSON.</param>
    public EncodedEvent Write(
        SessionName session, string toolCallId, string? taskId, string? agent, Review review, ReadOnlySpan<byte> reason,
        RedactionMark? redacted)
    {
        Begin(EventNames.CallReviewed, review.At, review.By, session);
        json.WriteString(EventField.ToolCallId, toolCallId);
        json.WriteString(EventField.TaskId, taskId);
        json.WriteString(EventField.Agent, agent);
        json.WriteBoolean(EventField.MadeByNode, true);
        json.WriteStartArray(EventField.Sequences);
        foreach (var seen in review.Verdicts)
        {
            json.WriteNumberValue(seen.Sequence);
        }

        json.WriteEndArray();
        json.WriteTexts(EventField.Verdicts, review.Verdicts.Select(seen => seen.Word));
        json.WriteString(EventField.ReviewedBy, review.By);
        json.WriteOptional(EventField.Person, review.Person);
        if (review.MayBeOwn)
        {
            json.WriteBoolean(EventField.SelfApproved, true);
        }

        WriteNonce();
        WriteMark(redacted);
        return End(EventNames.CallReviewed, reason);
    }
}
