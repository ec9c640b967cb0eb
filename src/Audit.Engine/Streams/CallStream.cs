namespace Audit.Engine.Streams;

/// <summary>One tool call.</summary>
public sealed class CallStream : AuditStream
{
    private const string OutsideBinding = CallBounds.Outside + ": the call is of another agent or task";

    private CallHistory history = CallHistory.Empty;
    private string? agent;
    private CallContext counted;

    public override long Sequence => history.Sequence;

    public override bool IsSettled => history.Standing.State is CallState.Completed or CallState.Blocked
        or CallState.Cached or CallState.Replayed or CallState.Invalidated or CallState.Cancelled;

    public override bool HasUnwrittenCounts => history.HasUnwrittenCounts;

    public override void WriteCounts(EventWriter writer, List<EncodedEvent> events)
    {
        var (after, happened) = CallDecider.WriteCounts(history);
        foreach (var one in happened)
        {
            events.Add(writer.Write(counted, one));
        }

        history = after;
    }

    private protected override Receipt DecideNext(
        Submission submission, EventWriter writer, List<EncodedEvent> events, EngineOptions options)
    {
        if (submission is CountsSubmission)
        {
            WriteCounts(writer, events);
            return new Receipt(ReceiptStatus.Counted, Sequence);
        }

        if (submission is ReviewSubmission reviewed)
        {
            return Decide(reviewed, writer, events, options);
        }

        var call = (CallSubmission)submission;
        if (!call.Bounds.Allow(agent, history.Standing.TaskId))
        {
            return new Receipt(ReceiptStatus.Refused, Error: OutsideBinding);
        }

        var decision = CallDecider.Decide(history, call.Message);
        // What a host sent was redacted when it was read; what people say of it comes straight here.
        var kept = call.Message.MadeByNode && options.Redactor is { } redactor
            ? redactor.Json(call.Record)
            : new Redacted(call.Record, call.Redacted);
        var context = new CallContext(
            call.Session, call.ToolCallId, call.Agent, call.Message, decision.IsHead
                ? default : kept.Json, kept.Mark);
        foreach (var happened in decision.Events)
        {
            events.Add(writer.Write(context, happened));
        }

        agent ??= decision.Events.Count > 0 ? call.Agent : null;
        history = decision.After;
        if (decision.Outcome is MessageOutcome.Counted or MessageOutcome.Refused)
        {
            counted = context with { Record = default, Redacted = null };
        }

        return ReceiptOf(decision, call.Message);
    }

    private protected override void Evolve(JournalRow row)
    {
        var view = EventReader.ViewOf(row);
        agent ??= view.Text(EventField.Agent);
        history = CallEvolution.Evolve(history, EventReader.ReadCall(row, view));
    }

    private protected override void PassTo(long sequence) => history = history with { Sequence = sequence };

    private Receipt Decide(
        ReviewSubmission act, EventWriter writer, List<EncodedEvent> events, EngineOptions options)
    {
        var decision = Decide(new ReviewedCall(history), act.Of, act, writer, events, options);
        if (decision.Taken is { } review)
        {
            history = CallEvolution.Evolve(history, new CallEvent.Reviewed(review));
        }

        var standing = history.Standing;
        return new Receipt(
            StatusOf(decision.Outcome), decision.Sequence, Words.Of(standing.State), standing.Attempt,
            Error: decision.Error);
    }

    private static Receipt ReceiptOf(CallDecision decision, CallMessage message)
    {
        var standing = decision.After.Standing;
        var receipt = new Receipt(StatusOf(decision.Outcome))
        {
            Sequence = decision.Sequence,
            State = Words.Of(standing.State),
            Attempt = standing.Attempt,
            Anomalies = decision.Verdict.Anomalies,
            Error = decision.Error,
        };
        return decision.Outcome != MessageOutcome.Violation
            ? receipt
            : receipt with
            {
                Message = Words.Of(message.Kind),
                Reason = ViolationReason.Of(decision.Verdict, message),
            };
    }
}
