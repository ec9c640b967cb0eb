using System.Text;

namespace Audit.Lifecycle.Tests.Support;

/// <summary>A message as its host would write it: a real record, read by the real reader.</summary>
internal sealed record Spec
{
    public MessageKind Kind { get; init; } = MessageKind.Completed;

    public bool Success { get; init; } = true;

    public long Turn { get; init; } = 1;

    public string Tool { get; init; } = "shell";

    /// <summary>Which is of no matter to the law, and makes a record another one.</summary>
    public string DisplayName { get; init; } = "Shell";

    public string Provider { get; init; } = "anthropic";

    public string Tier { get; init; } = "Observe";

    public string Input { get; init; } = """{"command":"ls"}""";

    public string Output { get; init; } = "done";

    public long AtNanoseconds { get; init; }

    public int ReceivedAtSecond { get; init; } = 7200;

    public long? Seq { get; init; }

    public string? MessageId { get; init; }

    public string Token { get; init; } = "ci-7";

    public string? TaskId { get; init; } = "t-1";

    public string? Parent { get; init; }

    public bool MadeByNode { get; init; }

    public string? DerivedId { get; init; }

    public bool Truncated { get; init; }

    /// <summary>Of what the node makes: approvals that are marked.</summary>
    public bool Marked { get; init; }

    /// <summary>Of what the node makes.</summary>
    public int? EndsAtSecond { get; init; }

    public long OversizedBytes { get; init; }

    public byte[] Record() => Encoding.UTF8.GetBytes(ToString());

    public CallMessage Message()
    {
        var json = new StrictJsonReader(Record());
        json.Read();
        var read = RecordReader.Read(ref json, Say.Hasher);
        var delivery = new Delivery
        {
            ReceivedAt = Say.At(ReceivedAtSecond),
            Token = Token,
            Dedup = read.Dedup,
            Seq = Seq,
            MessageId = MessageId,
            TaskId = TaskId,
            Parent = Parent,
            Derived = DerivedId is not null,
            DerivedId = DerivedId,
            Channel = DerivedId is null ? null : $"{DerivedId} hooks",
            MadeByNode = MadeByNode,
            Truncated = Truncated,
            NotSeenWhole = Marked && MadeByNode,
            MintedByParty = Marked && MadeByNode,
            ExpiresAt = MadeByNode && EndsAtSecond is { } second ? Say.At(second) : null,
        };
        return OversizedBytes > 0 ? CallMessage.Oversized(OversizedBytes, delivery) : CallMessage.Of(read.Facts, delivery) with
        {
            Said = DerivedId is null ? null : SaidReader.Of(Record(), Say.Hasher),
        };
    }

    public override string ToString() =>
        $$"""
        {"tool_call_id":"call-1","tool_name":"{{Tool}}","display_name":"{{DisplayName}}","tier":"{{Tier}}","requested_input":{{Input}},"effective_input":{{Input}},"turn":{{Turn}},"provenance":{"provider":"{{Provider}}","model":"m"},"outcome":{{Outcome()}},"recorded_at":"{{RecordedAt()}}"}
        """;

    private string RecordedAt()
    {
        var start = Say.At(0);
        return new Timestamp(start.Ticks + AtNanoseconds / 100, (byte)(AtNanoseconds % 100)).ToString();
    }

    private string Outcome()
    {
        var result = $$"""{"success":{{(Success ? "true" : "false")}},"output":"{{Output}}","data":null,"duration_ms":7}""";
        var kind = Words.Of(Kind);
        return Kind switch
        {
            MessageKind.RequiresConfirmation => $$"""{"kind":"{{kind}}","description":"May it?","listen_context":null}""",
            MessageKind.Approved => $$"""{"kind":"{{kind}}","decision":"approve-once","by":"ada"}""",
            MessageKind.Blocked or MessageKind.Invalidated or MessageKind.Cancelled =>
                $$"""{"kind":"{{kind}}","reason":"because"}""",
            MessageKind.Cached or MessageKind.Replayed or MessageKind.Completed =>
                $$"""{"kind":"{{kind}}","result":{{result}}}""",
            MessageKind.PersistenceFailed => $$"""{"kind":"{{kind}}","result":{{(Success ? result : "null")}},"error":"disk"}""",
            _ => $$"""{"kind":"{{kind}}"}""",
        };
    }
}
