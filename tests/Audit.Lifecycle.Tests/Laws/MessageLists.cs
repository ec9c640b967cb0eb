using Audit.Lifecycle.Tests.Support;
using FsCheck;
using FsCheck.Fluent;

namespace Audit.Lifecycle.Tests.Laws;

/// <summary>Generates what hosts may send: everything at first, then what the table allows.</summary>
internal static class MessageLists
{
    private const int Longest = 24;
    private static readonly MessageKind[] AllKinds = Enum.GetValues<MessageKind>();

    public static Arbitrary<MessageList> Any { get; } = Arb.From(AnyList(AnySpec()), MessageList.Shorter);

    /// <summary>Whatever comes within one turn: nothing opens another call under the same id.</summary>
    public static Arbitrary<MessageList> OfOneTurn { get; } = Arb.From(AnyList(AnySpec().Select(OneTurn)), MessageList.Shorter);

    /// <summary>One turn in which nobody approves and no person is asked.</summary>
    public static Arbitrary<MessageList> OfOneTurnUnapproved { get; } = Arb.From(
        AnyList(AnySpec().Select(OneTurn).Where(
            spec => spec.Kind is not (MessageKind.Approved or MessageKind.RequiresConfirmation))),
        MessageList.Shorter);

    /// <summary>Questions of two kinds, decisions of people and of hosts, and what hosts then report of the past.</summary>
    public static Arbitrary<MessageList> OfDecisions { get; } = Arb.From(
        AnyList(
            from spec in AnySpec()
            from kind in Gen.Elements(
                MessageKind.RequiresConfirmation, MessageKind.RequiresConfirmation, MessageKind.Approved,
                MessageKind.Approved, MessageKind.Blocked, MessageKind.Started, MessageKind.Completed,
                MessageKind.PersistenceFailed, MessageKind.Requested, MessageKind.Replayed)
            from node in Gen.Elements(true, true, false)
            select spec with
            {
                Kind = kind,
                Tool = "shell",
                MessageId = null,
                DerivedId = null,
                OversizedBytes = 0,
                MadeByNode = node && kind is MessageKind.Approved or MessageKind.Blocked,
            }),
        MessageList.Shorter);

    /// <summary>A legal list, and the same messages in another order of arrival.</summary>
    public static Gen<(MessageList InOrder, MessageList Shuffled)> LegalInAnyOrder { get; } =
        from specs in Gen.Choose(1, 2 * Longest).SelectMany(count => AnySpec().Select(Plain).ListOf(count))
        from numbered in Gen.Elements(true, false)
        let inOrder = Walk(specs, numbered)
        from shuffled in Gen.Shuffle(inOrder)
        select (new MessageList(inOrder), new MessageList(shuffled));

    /// <summary>A legal list of which messages share times, and numbers tell these apart; and another order of arrival.</summary>
    public static Gen<(MessageList InOrder, MessageList Shuffled)> LegalByNumbersAtOneTime { get; } =
        from specs in Gen.Choose(1, 2 * Longest).SelectMany(count => AnySpec().Select(Plain).ListOf(count))
        from atOnce in Gen.Choose(1, 6)
        let walk = Walk(specs, numbered: true)
        // The last has no number, and so it is times that order them.
        let inOrder = walk.Select((spec, index) => index == walk.Length - 1
            ? spec with { Seq = null, AtNanoseconds = 1 + index * 50L }
            : spec with { AtNanoseconds = 1 + index / atOnce * atOnce * 50L, DisplayName = $"Shell {index}" }).ToArray()
        from shuffled in Gen.Shuffle(inOrder)
        select (new MessageList(inOrder), new MessageList(shuffled));

    /// <summary>Any messages, legal or not, each with a time or number of its own, in two orders of arrival.</summary>
    public static Gen<(MessageList One, MessageList Other)> OfOneSetInTwoOrders { get; } =
        from specs in Gen.Choose(2, 8).SelectMany(count => AnySpec().Select(Plain).ListOf(count))
        from numbered in Gen.Elements(true, false)
        let all = specs.Select((spec, index) => spec with
        {
            AtNanoseconds = 1 + index * 50L, Seq = numbered ? index : null,
        }).ToArray()
        from one in Gen.Shuffle(all)
        from other in Gen.Shuffle(all)
        select (new MessageList(one), new MessageList(other));

    private static Gen<MessageList> AnyList(Gen<Spec> spec) =>
        from count in Gen.Choose(1, Longest)
        from specs in spec.ListOf(count)
        from numbering in Gen.Elements(Numbering.None, Numbering.None, Numbering.All, Numbering.Some)
        from numbers in Gen.Choose(0, 2 * Longest).ListOf(count)
        select new MessageList([.. specs.Select((one, index) => one with { Seq = SeqOf(numbering, index, numbers[index]) })]);

    private static Gen<Spec> AnySpec() =>
        from kind in Gen.Elements(AllKinds)
        from success in Gen.Elements(true, true, false)
        from record in RecordOf()
        from delivery in DeliveryOf()
        select record with
        {
            Kind = kind,
            Success = success,
            ReceivedAtSecond = delivery.ReceivedAtSecond,
            MessageId = delivery.MessageId,
            DerivedId = delivery.DerivedId,
            Token = delivery.Token,
            TaskId = delivery.TaskId,
            Parent = delivery.Parent,
            MadeByNode = delivery.MadeByNode,
            Marked = delivery.Truncated,
            Truncated = delivery.Truncated,
            OversizedBytes = delivery.OversizedBytes,
            EndsAtSecond = 300,
        };

    private static Gen<Spec> RecordOf() =>
        from turn in Gen.Elements(1, 1, 1, 1, 2, 3)
        from tool in Gen.Elements("shell", "shell", "shell", "shell", "shell", "", "browser")
        from provider in Gen.Elements("anthropic", "anthropic", "anthropic", "openai", "")
        from tier in Gen.Elements("Observe", "Confirm", "House")
        from input in Gen.Elements("""{"command":"ls"}""", """{"command":"ls"}""", """{"command":"rm"}""", "null")
        from output in Gen.Elements("done", "done", "other")
        from second in Gen.Choose(0, 12)
        from nanosecond in Gen.Elements(0, 0, 1, 999_999_999)
        select new Spec
        {
            Turn = turn,
            Tool = tool,
            Provider = provider,
            Tier = tier,
            Input = input,
            Output = output,
            AtNanoseconds = second * 60_000_000_000L + nanosecond,
        };

    private static Gen<Spec> DeliveryOf() =>
        from received in Gen.Elements(7200, 7200, 7200, 60, 300)
        from id in Gen.Elements(null, null, null, null, "m-1", "m-2", "m-3")
        from derived in Gen.Elements(false, true)
        from host in Gen.Elements("ci-7", "ci-7", "ci-7", "ci-8")
        from task in Gen.Elements("t-1", "t-1", "t-2", null)
        from parent in Gen.Elements(null, null, "above", "above", "beside")
        from node in Gen.Frequency((4, Gen.Constant(false)), (1, Gen.Constant(true)))
        from truncated in Gen.Frequency((9, Gen.Constant(false)), (1, Gen.Constant(true)))
        from oversized in Gen.Frequency((19, Gen.Constant(0)), (1, Gen.Constant(20_000_000)))
        select new Spec
        {
            ReceivedAtSecond = received,
            MessageId = derived ? null : id,
            DerivedId = derived ? id : null,
            Token = host,
            TaskId = task,
            Parent = parent,
            MadeByNode = node,
            Truncated = truncated,
            OversizedBytes = oversized,
        };

    private static long? SeqOf(Numbering numbering, int index, int number) => numbering switch
    {
        Numbering.All => number,
        Numbering.Some when index % 3 != 0 => number,
        _ => null,
    };

    private static Spec OneTurn(Spec spec) => spec with { Turn = 1 };

    private static Spec Plain(Spec spec) =>
        spec with { MessageId = null, DerivedId = null, MadeByNode = false, OversizedBytes = 0, ReceivedAtSecond = 7200 };

    private static Spec[] Walk(IEnumerable<Spec> specs, bool numbered)
    {
        var walk = new List<Spec>();
        var standing = default(Standing);
        foreach (var spec in specs)
        {
            var step = spec with { AtNanoseconds = 1 + walk.Count * 50L, Seq = numbered ? walk.Count : null };
            if (!CallLaw.Step(ref standing, step.Message(), walk.Count + 1).IsViolation)
            {
                walk.Add(step);
            }
        }

        return [.. walk];
    }

    private enum Numbering
    {
        None,
        All,
        Some,
    }
}
