using System.Text;

namespace Audit.Load.Workloads;

/// <summary>
/// Makes, before anything is timed, the very rows that the engine will write, by the functions that it uses: a floor then
/// differs from a subject in nothing but the work that is left out.
/// </summary>
internal static class EngineRows
{
    public static JournalRowToCopy[] Of(Message[] messages)
    {
        var reader = new ItemReader(TestKeys.Hasher);
        var defaults = new ItemDefaults("load", "load", Timestamp.From(DateTimeOffset.UtcNow));
        var histories = new Dictionary<StreamKey, CallHistory>();
        using var writer = new EventWriter(TestKeys.Seal.Proof);
        var rows = new JournalRowToCopy[messages.Length];
        for (var index = 0; index < rows.Length; index++)
        {
            var read = reader.Read(messages[index].Item, defaults);
            var call = (CallSubmission?)read.Submission ?? throw new InvalidOperationException(read.Error);
            var decision = CallDecider.Decide(histories.GetValueOrDefault(call.Stream, CallHistory.Empty), call.Message);
            if (decision.Outcome != MessageOutcome.Recorded || decision.Events.Count != 1)
            {
                throw new InvalidOperationException($"The workload is to be legal, and a message came out as {decision}.");
            }

            histories[call.Stream] = decision.After;
            var context = new CallContext(call.Session, call.ToolCallId, call.Agent, call.Message, call.Record);
            TestKeys.Seal.Payloads.EnsureAsync([call.Stream], default).GetAwaiter().GetResult();
            TestKeys.Seal.Payloads.TryGet(call.Stream, out var key);
            writer.Begin(call.Stream, decision.Sequence - 1, key);
            var encoded = writer.Write(context, decision.Events[0]);
            var id = call.Stream.Utf8.ToArray();
            rows[index] = new JournalRowToCopy(
                Encoding.UTF8.GetString(id), id, decision.Sequence, encoded.Manifest, encoded.Message.ToArray());
        }

        return rows;
    }
}
