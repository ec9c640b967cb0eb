using System.Text;

namespace Audit.Integrity.Tests.Support;

/// <summary>Rows as the engine writes them: decided by the law and written by the journal's own writer.</summary>
internal sealed class Story : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 11, 20, 14, 0, 0, TimeSpan.Zero);

    private readonly EventWriter writer = new(TestKeys.Proof);
    private readonly Dictionary<string, CallHistory> calls = [];
    private readonly Dictionary<string, long> sequences = [];
    private int messages;

    public List<(string Stream, long Sequence, string Manifest, string Message)> Rows { get; } = [];

    public Story Call(string session, string call, MessageKind kind, int second, long? seq = null, string host = "ci-7")
    {
        var name = new SessionName("ci", session);
        var stream = StreamNames.Call(name, call);
        var outcome = kind == MessageKind.Completed
            ? """{"kind":"completed","result":{"success":true,"output":"fine"}}"""
            : $$"""{"kind":"{{Words.Of(kind)}}"}""";
        var at = Timestamp.From(Start.AddSeconds(second));
        var record = Encoding.UTF8.GetBytes(
            $$$"""{"tool_call_id":"{{{call}}}","tool_name":"sql.query","display_name":"q","tier":"Observe","requested_input":{},"effective_input":{},"turn":1,"provenance":{"provider":"p","model":"m"},"outcome":{{{outcome}}},"recorded_at":"{{{at}}}"}""");
        var facts = new RecordFacts
        {
            ToolCallId = call,
            Kind = kind,
            Success = kind == MessageKind.Completed,
            ToolName = "sql.query",
            Provider = "p",
            Turn = 1,
            RecordedAt = at,
        };
        var message = CallMessage.Of(facts, new Delivery
        {
            ReceivedAt = Timestamp.From(Start.AddHours(1)),
            Token = host,
            Dedup = Fingerprint.From(Guid.NewGuid().ToByteArray()),
            Seq = seq,
            MessageId = $"m-{messages++}",
        });
        var decision = CallDecider.Decide(calls.GetValueOrDefault(stream, CallHistory.Empty), message);
        calls[stream] = decision.After;
        foreach (var happened in decision.Events)
        {
            Begin(stream);
            Add(stream, writer.Write(new CallContext(name, call, "agent", message, record), happened));
        }

        return this;
    }

    public Story Note(string session, string type, long? seq = null, string host = "ci-7")
    {
        var note = new SessionNote(
            type, Timestamp.From(Start), Timestamp.From(Start), host,
            Fingerprint.From(Guid.NewGuid().ToByteArray()), seq);
        var name = new SessionName("ci", session);
        Begin(StreamNames.Session(name));
        Add(StreamNames.Session(name), writer.Write(name, null, "agent", note, "{}"u8));
        return this;
    }

    public void Dispose() => writer.Dispose();

    private void Begin(string stream)
    {
        var key = new StreamKey(stream);
        TestKeys.Seal.Payloads.EnsureAsync([key], default).GetAwaiter().GetResult();
        TestKeys.Seal.Payloads.TryGet(key, out var payload);
        writer.Begin(key, sequences.GetValueOrDefault(stream), payload);
    }

    private void Add(string stream, EncodedEvent written)
    {
        var sequence = sequences[stream] = sequences.GetValueOrDefault(stream) + 1;
        Rows.Add((stream, sequence, written.Manifest, Encoding.UTF8.GetString(written.Message.Span)));
    }
}
