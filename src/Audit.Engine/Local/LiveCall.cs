using Audit.Journal;
using Audit.Journal.Events;
using Audit.Lifecycle;

namespace Audit.Engine.Local;

internal sealed class LiveCall(StreamHandle handle) : LiveStream(handle)
{
    private CallHistory history = CallHistory.Empty;

    protected override long Sequence => history.Sequence;

    protected override bool IsSettled => history.Standing.State is CallState.Completed or CallState.Blocked
        or CallState.Cached or CallState.Replayed or CallState.Invalidated or CallState.Cancelled;

    public override Receipt Decide(Submission submission, EventWriter writer, RowSink rows, EngineOptions options)
    {
        var call = (CallSubmission)submission;
        var decision = CallDecider.Decide(history, call.Message);
        var context = new CallContext(call.SessionId, call.ToolCallId, call.Agent, call.Message, call.Record);
        var sequence = history.Sequence;
        foreach (var happened in decision.Events)
        {
            rows.Add(Handle, ++sequence, writer.Write(context, happened));
        }

        history = decision.After;
        return ReceiptOf(decision, call.Message);
    }

    protected override void Evolve(JournalRow row, RecordHasher hasher) =>
        history = CallEvolution.Evolve(history, EventReader.ReadCall(row, hasher));

    private static Receipt ReceiptOf(CallDecision decision, CallMessage message)
    {
        var standing = decision.After.Standing;
        var receipt = new Receipt(Receipts.StatusOf(decision.Outcome))
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
