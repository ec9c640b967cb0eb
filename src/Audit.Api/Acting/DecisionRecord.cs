namespace Audit.Api.Acting;

/// <summary>The record by which the node tells a decision that came through its API.</summary>
internal static class DecisionRecord
{
    private const string Source = "human_response";

    /// <exception cref="UnreadableException">The body names no decision.</exception>
    public static Decision Read(StrictObject body, string actor)
    {
        var decision = body.RequiredText("decision");
        var feedback = body.Text("feedback");
        Outcome outcome = ApprovingDecisions.Contains(decision)
            ? new Outcome.Approved(decision) { By = actor, Source = Source, Feedback = feedback }
            : new Outcome.Blocked(feedback ?? $"refused by {actor}")
            {
                Decision = decision, By = actor, Source = Source, Feedback = feedback,
            };
        return new Decision(outcome, body.Text("by"));
    }

    public static CallSubmission Make(
        CallAddress address, CallRead call, Decision decision, string actor, Timestamp now, RecordHasher hasher)
    {
        var time = now > call.LastTime ? now : call.LastTime.Next();
        var last = ToolAuditRecord.Parse(EventReader.RecordOf(call.LastRecord!.Message).Span);
        var octets = decision.WriteInto(last with { RecordedAt = time.ToString() }).ToUtf8();
        var json = new StrictJsonReader(octets);
        json.Read();
        var read = RecordReader.Read(ref json, hasher);
        var message = CallMessage.Of(read.Facts, new Delivery
        {
            ReceivedAt = now,
            Host = actor,
            Dedup = read.Dedup,
            TaskId = call.History.Standing.TaskId,
            MadeByNode = true,
        });
        return new CallSubmission(address.Stream, address.Session, address.Call, call.Agent, message, octets);
    }

    /// <summary>The same decision again changes nothing: it is the answer to a request whose answer was lost.</summary>
    public static Receipt? Repeated(CallRead call, Decision decision) =>
        call.LastDecision is { } last && last.Decision == decision && call.LastRecord == last.Row
            ? Receipt.Duplicate(
                last.Row.Position, last.Row.Sequence, Words.Of(call.State), call.History.Standing.Attempt)
            : null;
}
