using FsCheck;
using FsCheck.Fluent;
using Outcome = Audit.Lifecycle.Records.Outcome;

namespace Audit.Projections.Tests;

/// <summary>What random hosts and people may report, in order of arrival.</summary>
public sealed record History(IReadOnlyList<Submission> Items, IReadOnlyList<string> Words)
{
    private const int Longest = 60;

    public static Arbitrary<History> Any { get; } = Arb.From(
        from numbering in Gen.Elements(0, 0, 1, 2)
        from items in Gen.Choose(1, Longest).SelectMany(count => Item(numbering).ListOf(count))
        select new History([.. items.Select(item => item.Submission)], [.. items.Select(item => item.Words)]));

    public override string ToString() => string.Join("\n", Words);

    private static Gen<(Submission Submission, string Words)> Item(int numbering) => Gen.Frequency(
        (20, Message(numbering)), (2, Oversized()), (2, Note()), (5, Window()), (2, Accepted()), (3, Review()),
        (1, Copy()), (2, ReviewWindow()), (1, Node()));

    private static Gen<(Submission, string)> Message(int numbering) =>
        from kind in Gen.Elements(Enum.GetValues<MessageKind>())
        from success in Gen.Elements(true, true, false)
        from call in Gen.Choose(0, 3)
        from minute in Gen.Choose(0, 12)
        from received in Gen.Elements(13.0, 13.0, 20.0, 5.0, 1.0)
        from seq in Gen.Choose(0, 40)
        from numbered in Gen.Elements(true, true, false)
        from what in Named()
        from turn in Gen.Elements(1, 1, 1, 2, 3)
        from id in Gen.Elements(null, null, null, null, "m-1", "m-2")
        from derived in Gen.Elements(false, true)
        from node in Gen.Elements(false, false, false, false, true)
        from people in Gen.Elements(0, 0, 1, 1, 2)
        let say = new Say($"s{call % 2}", $"c{call}", OutcomeOf(kind, success), minute)
        {
            ReceivedMinute = received + (minute / 60.0),
            Seq = numbering == 1 || (numbering == 2 && numbered) ? seq : null,
            Turn = turn,
            MessageId = id,
            Task = what.Task,
            Agent = what.Agent,
            Tool = what.Tool,
            Token = what.Token,
            // Who answers says nothing of a policy.
            Policy = people > 0 && !node && kind == MessageKind.RequiresConfirmation ? new PolicyMark("9f2c", "rule", People: people) : null,
            EndsMinute = people > 0 ? 60 : null,
        }
        select (Altered(say, derived && id is not null, node), $"{say} {(derived ? "derived" : "")} {(node ? "node" : "")}");

    private static Gen<(string? Task, string? Agent, string Tool, string Token)> Named() =>
        from task in Gen.Elements("t-1", "t-1", "t-1", "t-2", null)
        from agent in Gen.Elements("a", "a", "a", "b", null)
        from tool in Gen.Elements("sql.query", "sql.query", "sql.query", "sql.query", "", "shell.run")
        from host in Gen.Elements("ci-7", "ci-7", "ci-7", "ci-8")
        select (task, agent, tool, host);

    private static Gen<(Submission, string)> Oversized() =>
        from call in Gen.Choose(0, 3)
        from minute in Gen.Choose(0, 20)
        from task in Gen.Elements("t-1", "t-2", null)
        let read = (CallSubmission)new Say($"s{call % 2}", $"c{call}", Say.Asked, minute) { Task = task, Agent = "a" }.ToSubmission()
        select (
            (Submission)new CallSubmission(
                read.Session, read.ToolCallId, read.Agent, read.Message with { OversizedBytes = 20_000_000 }, default),
            $"oversized c{call} at {minute} {task}");

    private static Gen<(Submission, string)> Note() =>
        from session in Gen.Choose(0, 2)
        from type in Gen.Elements("started", "ended", "idle")
        from minute in Gen.Choose(0, 20)
        from seq in Gen.Elements<long?>(null, 41, 42)
        select (Say.Note($"s{session}", type, minute, seq), $"note s{session} {type} {minute} {seq}");

    /// <summary>Mostly of what stands otherwise, and then nothing is written.</summary>
    private static Gen<(Submission, string)> Review() =>
        from call in Gen.Choose(0, 3)
        from sequence in Gen.Choose(2, 9)
        from cause in Gen.Elements(
            ViolationCause.None, ViolationCause.NotAllowed, ViolationCause.NotAllowed, ViolationCause.StandingRefusal,
            ViolationCause.NotALaterTurn, ViolationCause.StaleAnswer)
        from minute in Gen.Choose(13, 30)
        let name = new Say($"s{call % 2}", $"c{call}", Say.Asked, minute)
        select (
            name.Review("rita", cause, sequence, "seen"), $"review s{call % 2} c{call} {sequence} {cause} {minute}");

    private static Gen<(Submission, string)> ReviewWindow() =>
        from window in Gen.Choose(0, 2)
        from sequence in Gen.Choose(1, 6)
        from minute in Gen.Choose(0, 30)
        select (Say.ReviewWindow($"w{window}", "rita", sequence, minute), $"review w{window} {sequence} {minute}");

    private static Gen<(Submission, string)> Node() =>
        from act in Gen.Elements(NodeActs.Started, NodeActs.Stopped)
        from minute in Gen.Choose(0, 30)
        select (Say.Node(act, minute), $"{act} {minute}");

    private static Gen<(Submission, string)> Copy() =>
        from minute in Gen.Choose(0, 20)
        select (Say.Copy(minute), $"copy {minute}");

    private static Gen<(Submission, string)> Window() =>
        from window in Gen.Choose(0, 2)
        from verb in Gen.Elements(
            WindowVerb.Grant, WindowVerb.Grant, WindowVerb.Request, WindowVerb.Approve, WindowVerb.Extend, WindowVerb.Revoke, WindowVerb.Close, WindowVerb.Deny)
        from minute in Gen.Choose(0, 20)
        from opens in Gen.Elements<double?>(null, 0, 3, 6)
        from length in Gen.Choose(1, 15)
        from actor in Gen.Elements("alice", "bob")
        from task in Gen.Elements("t-1", "t-1", "t-2")
        from agent in Gen.Elements("a", "a", "b")
        from scope in Gen.Elements("sql.*", "*", "shell.*")
        select (
            Say.Window($"w{window}", verb, actor, minute, opens, (opens ?? minute) + length, task, agent, scope),
            $"window w{window} {verb} {actor} {minute} {opens} +{length} {task} {agent} {scope}");

    private static Gen<(Submission, string)> Accepted() =>
        from window in Gen.Choose(0, 2)
        from session in Gen.Choose(0, 1)
        from minute in Gen.Choose(10, 30)
        from begin in Gen.Choose(0, 10)
        from length in Gen.Choose(1, 15)
        select (
            Say.Accept($"w{window}", $"s{session}", begin, begin + length, minute),
            $"accept w{window} s{session} {begin} +{length} at {minute}");

    private static Submission Altered(Say say, bool derived, bool node)
    {
        var read = (CallSubmission)say.ToSubmission();
        var message = read.Message with { Derived = derived, MadeByNode = node };
        if (node && message.Kind is MessageKind.Approved or MessageKind.Blocked)
        {
            // Mostly it answers what nobody asked, and now and then what stands.
            var asked = (CallSubmission)(say with { Outcome = Say.Asked }).ToSubmission();
            message = message with { Answers = new Answer(1 + ((long)say.Minute % 3), asked.Message.Question), Token = "maria" };
        }

        return new CallSubmission(read.Session, read.ToolCallId, read.Agent, message, read.Record);
    }

    private static Outcome OutcomeOf(MessageKind kind, bool success) => kind switch
    {
        MessageKind.Requested => new Outcome.Requested(),
        MessageKind.RequiresConfirmation => Say.Asked,
        MessageKind.Approved => new Outcome.Approved("approve-once") { By = "alice" },
        MessageKind.Started => new Outcome.Started(),
        MessageKind.Blocked => new Outcome.Blocked("no"),
        MessageKind.Cached => new Outcome.Cached(new ToolResult(success, "kept")),
        MessageKind.Replayed => new Outcome.Replayed(new ToolResult(success, "again")),
        MessageKind.Invalidated => new Outcome.Invalidated("gone"),
        MessageKind.Cancelled => new Outcome.Cancelled("enough"),
        MessageKind.Completed => Say.Done(success, success ? 1000 : null),
        _ => new Outcome.PersistenceFailed(null, "disk"),
    };
}
