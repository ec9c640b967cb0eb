using Audit.Lifecycle.Tests.Support;

namespace Audit.Lifecycle.Tests.Events;

public sealed class GoldenCallTests
{
    private static readonly Spec Completed = new()
    {
        AtNanoseconds = 1_500_000_001,
        Tier = "Confirm",
    };

    public static TheoryData<string> Names() => [.. Cases.Keys];

    private static readonly Dictionary<string, (Spec Spec, CallEvent Happened)> Cases = new()
    {
        ["call.transitioned.v2"] = Received(
            Completed with { TaskId = null },
            new Verdict(CallState.AwaitingConfirmation, CallState.Completed, 1, Anomalies.None, ViolationCause.None)),
        ["call.transitioned.v2+all"] = Received(
            Completed with { Seq = 9, DerivedId = "claude-code:call-1:completed", Truncated = true, MadeByNode = true },
            new Verdict(
                CallState.Cancelled, CallState.Completed, 2,
                Anomalies.CompletedAfterCancel | Anomalies.NoApprovalSeen | Anomalies.Truncated, ViolationCause.None),
            late: true, inferred: true),
        ["call.transitioned.v2+parent"] = Received(
            Completed with { Parent = "call-0" },
            new Verdict(CallState.Running, CallState.Completed, 1, Anomalies.ParentChanged, ViolationCause.None)),
        ["call.transitioned.v2+differing"] = Beside(new Beside(3, SaidFields.Input | SaidFields.Output)),
        ["call.confirmed.v2"] = Beside(new Beside(3, SaidFields.None)),
        ["call.violated.v2"] = Received(
            Completed,
            new Verdict(CallState.Blocked, CallState.Blocked, 1, Anomalies.None, ViolationCause.StandingRefusal)),
        ["call.violated.v2+message_id"] = Received(
            Completed with { MessageId = "m-1" },
            new Verdict(CallState.Requested, CallState.Requested, 1, Anomalies.None, ViolationCause.MessageIdReused),
            EntryWeight.MessageIdReused),
        ["call.rejudged.v2"] = (Completed, new CallEvent.Rejudged(
            3,
            new Verdict(CallState.Blocked, CallState.Blocked, 1, Anomalies.ClockAhead, ViolationCause.StandingRefusal),
            new Verdict(CallState.Approved, CallState.Completed, 2, Anomalies.ClockAhead | Anomalies.ReExecuted, ViolationCause.None),
            "approved at sequence 4 came late")),
        ["call.retimed.v2"] = (Completed, new CallEvent.Retimed(3, Say.At(1.5), Say.At(60), Counts: true)),
        ["call.retimed.v2+also_dated"] = (Completed, new CallEvent.Retimed(3, Say.At(1.5), Say.At(6000), Counts: false)),
        ["call.flooded.v2"] = (Completed, new CallEvent.Flooded(
            MessageKind.Blocked, ViolationCause.NotAllowed, Say.At(60), Say.At(61), 64, Say.Print("all of them"), 70)),
        ["call.oversized.v2"] = Received(
            Completed with { OversizedBytes = 20_971_521, Seq = 4, MessageId = "m-1" },
            new Verdict(CallState.None, CallState.None, 0, Anomalies.Oversized, ViolationCause.None),
            EntryWeight.Oversized),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void an_event_is_written_as_its_golden_file(string name)
    {
        var (spec, happened) = Cases[name];
        using var writer = Golden.Writer();
        var message = happened is CallEvent.Received received ? received.Message : spec.Message();
        var record = spec.OversizedBytes > 0 ? default : spec.Record().AsMemory();

        Golden.Matches(name, writer.Write(new CallContext(new SessionName("ci", "s-1"), "call-1", "copilot", message, record), happened));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void a_golden_file_is_read_as_its_event(string name)
    {
        var (spec, happened) = Cases[name];

        var read = EventReader.ReadCall(Golden.Row(name));

        if (happened is CallEvent.Received { Weight: EntryWeight.Oversized } received)
        {
            var message = Assert.IsType<CallEvent.Received>(read).Message;
            Assert.Equal(received.Verdict, ((CallEvent.Received)read).Verdict);
            Assert.Equal(
                (received.Message.OversizedBytes, received.Message.Dedup, received.Message.MessageId, received.Message.Seq, received.Message.Token),
                (message.OversizedBytes, message.Dedup, message.MessageId, message.Seq, message.Token));
            Assert.True(EventReader.RecordOf(Golden.Opened(name).Message).IsEmpty);
            return;
        }

        Assert.Equal(happened, read);
        if (happened is CallEvent.Received)
        {
            Assert.Equal(spec.Record(), EventReader.RecordOf(Golden.Opened(name).Message).ToArray());
        }
    }

    [Fact]
    public void by_which_policy_was_decided_and_how_long_that_holds_is_read_as_it_was_written()
    {
        var spec = new Spec { Kind = MessageKind.Approved, MadeByNode = true };
        var message = spec.Message() with
        {
            Answers = new Answer(2, Say.Print("question")), ExpiresAt = Say.At(600),
            Policy = new PolicyMark("9f2c", "schema", "reject", "trial", "s-7", 2, "dba-*\nada", "write", "place"),
        };
        var happened = new CallEvent.Received(
            message,
            new Verdict(CallState.AwaitingConfirmation, CallState.Approved, 1, Anomalies.None, ViolationCause.None),
            EntryWeight.Judged, Late: false);
        using var writer = Golden.Writer();

        var written = writer.Write(
            new CallContext(new SessionName("ci", "s-1"), "call-1", "copilot", message, spec.Record()), happened);

        Assert.Equal(happened, EventReader.ReadCall(new JournalRow(7, "stream", 1, 0, written.Manifest, written.Message.ToArray())));
        Assert.Contains(
            """
            "policy":{"version":"9f2c","rule":"schema","order":"s-7","people":2,"kind":"write","location":"place","approvers":["dba-*","ada"],"would":"reject","would_rule":"trial"},"expires_at":
            """,
            System.Text.Encoding.UTF8.GetString(written.Message.Span));
    }

    private static (Spec Spec, CallEvent Happened) Beside(Beside beside)
    {
        var spec = Completed with { DerivedId = "claude-code" };
        var message = spec.Message() with
        {
            Beside = beside,
            Said = new Said(Say.Print("o"), Say.Print("t"), Say.Print("h"), Say.Print("l"), Say.Print("d")),
        };
        var isConfirming = beside.Differing == SaidFields.None;
        var verdict = new Verdict(
            CallState.Completed, CallState.Completed, 1, isConfirming ? Anomalies.None : Anomalies.ChannelsDiffer,
            ViolationCause.None);
        return (spec, new CallEvent.Received(
            message, verdict, isConfirming ? EntryWeight.Confirming : EntryWeight.Judged, Late: false));
    }

    private static (Spec Spec, CallEvent Happened) Received(
        Spec spec, Verdict verdict, EntryWeight weight = EntryWeight.Judged, bool late = false, bool inferred = false) =>
        (spec, new CallEvent.Received(spec.Message() with { TimeInferred = inferred }, verdict, weight, late));
}
