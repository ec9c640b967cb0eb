using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;
using Akka.TestKit.Xunit2;

namespace Audit.Actors.Tests;

/// <summary>What nodes say to each other, through Hyperion as the nodes configure it.</summary>
public sealed class WireTests() : TestKit(
    ConfigurationFactory.ParseString("akka.actor.provider = local").WithFallback(HoconFiles.Read("remoting.conf")))
{
    public static TheoryData<string> Kinds => [.. Submitted.Keys];

    private static readonly Dictionary<string, Submission> Submitted = new()
    {
        ["a call"] = Sent.Call("s", "c", Sent.Completed(), 1, messageId: "m-1"),
        ["a call that waits"] = Sent.Call("s", "c", EngineContract.Asked, 1),
        ["a note"] = Sent.Note("s", "turn_started", 1),
        ["a request for a window"] = Sent.Window("w", WindowVerb.Request, "ci"),
        ["a grant"] = Sent.Window("w", WindowVerb.Grant, "alice"),
        ["an approval"] = Sent.Window("w", WindowVerb.Approve, "alice", 1),
        ["a denial"] = Sent.Window("w", WindowVerb.Deny, "alice", 1),
        ["an extension"] = Sent.Window("w", WindowVerb.Extend, "alice", 1),
        ["a revocation"] = Sent.Window("w", WindowVerb.Revoke, "alice", 1),
        ["an acceptance"] = Sent.Window("w", WindowVerb.Accept, "alice", 1),
        ["a closing"] = Sent.Window("w", WindowVerb.Close, "ci", 1),
        ["a review"] = new ReviewSubmission(
            new Reviewable.Call(new("ci", "s"), "c", "t", "agent"),
            new Review([new SeenVerdict(2, ViolationCause.NotAllowed)], "maria", "ada", new Timestamp(638_000_000_000_000_002, 99)),
            """{"reason":"seen"}"""u8.ToArray()),
        ["a review of a window"] = new ReviewSubmission(
            new Reviewable.Window("w"),
            new Review([new SeenVerdict(2, ViolationCause.NotAllowed)], "maria", "ada", new Timestamp(638_000_000_000_000_002, 99)) { OfParty = true },
            """{"reason":"seen"}"""u8.ToArray()),
        ["an act"] = Sent.Operator("node.started"),
        ["an act behind a number"] = new OperatorSubmission(
            "operator|keeping", "content.erased", "node", new Timestamp(638_000_000_000_000_002, 99), default)
        {
            Facts = """{"id":"e-1"}"""u8.ToArray(), After = 7,
        },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void a_submission_arrives_as_it_was_sent(string kind)
    {
        var submission = Submitted[kind];
        var mail = new StreamMail(
            submission.Stream.ToString(), 7, [WireItem.Of(submission), WireItem.Of(submission)]);
        var arrived = Over(mail);

        Assert.Equal((mail.Stream, 7L, 2), (arrived.Stream, arrived.Ticket, arrived.Items.Length));
        Assert.Equal(Facts(submission), Facts(arrived.Items[1].ToSubmission(arrived.Stream)));
    }

    [Fact]
    public void every_field_of_a_call_arrives()
    {
        var delivery = new Delivery
        {
            ReceivedAt = new Timestamp(638_000_000_000_000_002, 99),
            Token = "ci",
            Dedup = new Fingerprint(1, 2),
            Seq = 0,
            MessageId = "m",
            TaskId = "t",
            Derived = true,
            DerivedId = "claude-code:c:completed",
            Channel = "claude-code hooks",
            TimeInferred = true,
            MadeByNode = true,
            Truncated = true,
            Answers = new Answer(3, new Fingerprint(5, 6)),
            Person = "maria",
            Policy = new PolicyMark("v", "rule", "reject", "other", "stop 7", 2, "dba-*\nada", "write", "place"),
            ExpiresAt = new Timestamp(638_000_000_000_000_003, 1),
        };
        var facts = new RecordFacts
        {
            ToolCallId = "c",
            Kind = MessageKind.Completed,
            Success = true,
            ToolName = "sql.query",
            Provider = "anthropic",
            NeedsConfirmation = true,
            Turn = 3,
            RecordedAt = new Timestamp(638_000_000_000_000_001, 7),
            Input = new Fingerprint(3, 4),
            Result = new Fingerprint(0, 5),
        };

        var derived = CallMessage.Of(facts, delivery) with
        {
            Said = new Said(new(1, 1), new(2, 2), new(3, 3), new(4, 4), new(5, 5)),
            Beside = new Beside(2, SaidFields.Tool | SaidFields.Output),
        };
        Assert.All([derived, CallMessage.Of(facts, delivery), CallMessage.Oversized(20_000_000, delivery)], message =>
        {
            var call = new CallSubmission(new("ci", "s"), "c", "agent", message, "{}"u8.ToArray());
            var arrived = Over(new StreamMail("call|ci|s|c", 1, [WireItem.Of(call)]));
            Assert.Equal(message, ((CallSubmission)arrived.Items[0].ToSubmission(arrived.Stream)).Message);
        });
    }

    [Fact]
    public void every_field_of_an_act_on_a_window_arrives()
    {
        var delivery = new WindowDelivery
        {
            Actor = "alice",
            Source = "ci",
            Person = "ada",
            MayEndAny = true,
            OfParty = true,
            MintedByParty = true,
            OnBehalfOf = "ada",
            ReceivedAt = new Timestamp(638_000_000_000_000_002, 99),
            Dedup = new Fingerprint(1, 2),
            MessageId = "m",
            Reason = "an incident",
        };
        var terms = new WindowTerms("migrate-orders", "copilot", new[] { "sql.*", "git.?" }, "migration")
        {
            Alias = "nightly",
            OpensAt = new Timestamp(638_000_000_000_000_003, 1),
            ClosesAt = new Timestamp(638_000_000_000_000_004, 2),
            Duration = TimeSpan.FromTicks(7),
        };

        var span = new WindowSpan(new SessionName("ci", "s"), terms.OpensAt!.Value, terms.ClosesAt!.Value, 42);
        Assert.All(Enum.GetValues<WindowVerb>(), verb =>
        {
            var sent = new WindowSubmission(
                "w", WindowMessage.Of(verb, delivery, terms, new Timestamp(638_000_000_000_000_005, 3), span), "{}"u8.ToArray());
            var arrived = Over(new StreamMail("task-window|w", 1, [WireItem.Of(sent)]));
            var message = Assert.IsAssignableFrom<WindowSubmission>(arrived.Items[0].ToSubmission(arrived.Stream)).Message;

            Assert.Equal((sent.Message.GetType(), delivery), (message.GetType(), message.Delivery));
            Assert.Equal(Facts(sent), Facts(arrived.Items[0].ToSubmission(arrived.Stream)));
        });
    }

    [Fact]
    public void an_answer_arrives_as_it_was_given()
    {
        var receipt = new Receipt(ReceiptStatus.Violation)
        {
            Sequence = 12, State = "blocked", Attempt = 2, Anomalies = Anomalies.Truncated, Message = "completed", Reason = "no",
        };
        var decided = Over(new StreamAnswer.Decided(3, [receipt]));

        Assert.Equal((3L, receipt), (decided.Ticket, Assert.Single(decided.Receipts)));
        Assert.Equal(new StreamAnswer.Unknown(4, "x"), Over(new StreamAnswer.Unknown(4, "x")));
        Assert.Equal(new StreamAnswer.NothingWritten(5), Over(new StreamAnswer.NothingWritten(5)));
    }

    [Fact]
    public void a_type_that_is_not_on_the_list_is_not_made()
    {
        // Written by somebody who has no such list.
        var foreign = new HyperionSerializer((ExtendedActorSystem)Sys).ToBinary(new Stranger { Name = "who?" });

        Assert.ThrowsAny<SerializationException>(() => Hyperion().FromBinary(foreign, typeof(object)));
        Assert.ThrowsAny<Exception>(() => Hyperion().ToBinary(new Stranger()));
    }

    [Fact]
    public void a_frame_holds_what_a_mail_may_hold()
    {
        var tcp = Sys.Settings.Config.GetConfig("akka.remote.dot-netty.tcp");

        Assert.Equal(4L << 20, tcp.GetByteSize("maximum-frame-size"));
        Assert.InRange(2 * StreamQueue.MostBytes, 0, 4L << 20);
    }

    [Fact]
    public void hyperion_is_bound_to_what_crosses_the_wire_alone()
    {
        Assert.IsType<WireSerializer>(Sys.Serialization.FindSerializerForType(typeof(StreamAnswer)));
        Assert.IsNotType<WireSerializer>(Sys.Serialization.FindSerializerForType(typeof(object)));
        Assert.IsNotType<WireSerializer>(Sys.Serialization.FindSerializerForType(typeof(JournalEvent)));
    }

    private HyperionSerializer Hyperion() =>
        (HyperionSerializer)Sys.Serialization.FindSerializerForType(typeof(StreamMail));

    private T Over<T>(T message) => (T)Hyperion().FromBinary(Hyperion().ToBinary(message), typeof(T));

    private static string Facts(Submission submission) => submission switch
    {
        CallSubmission call =>
            $"{call.Stream} {call.Session} {call.ToolCallId} {call.Agent} {call.Message} {Convert.ToHexString(call.Record.Span)}",
        ReviewSubmission act =>
            $"{act.Stream} {act.Of} {string.Join(',', act.Review.Verdicts)} "
            + $"{act.Review with { Verdicts = [] }} {Convert.ToHexString(act.Reason.Span)}",
        NoteSubmission note =>
            $"{note.Stream} {note.Session} {note.TaskId} {note.Agent} {note.Note} {Convert.ToHexString(note.Detail.Span)}",
        WindowSubmission window =>
            $"{window.Stream} {window.WindowId} {WithoutScope(window.Message)} {ScopeOf(window.Message)} {Convert.ToHexString(window.Body.Span)}",
        OperatorSubmission act =>
            $"{act.Stream} {act.Act} {act.Actor} {act.At} {Convert.ToHexString(act.Detail.Span)} "
            + $"{Convert.ToHexString(act.Facts.Span)} {act.After}",
        _ => throw new ArgumentOutOfRangeException(nameof(submission)),
    };

    /// <summary>Lists do not say what they hold.</summary>
    private static WindowMessage WithoutScope(WindowMessage message) => message is WindowMessage.Asking asking
        ? asking with { Terms = asking.Terms with { Scope = [] } }
        : message;

    private static string ScopeOf(WindowMessage message) =>
        message is WindowMessage.Asking asking ? string.Join(',', asking.Terms.Scope) : "no terms";

    private sealed class Stranger
    {
        public string Name { get; set; } = "";
    }
}
