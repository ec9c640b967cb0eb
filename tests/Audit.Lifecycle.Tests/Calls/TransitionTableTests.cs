using Audit.Lifecycle.Tests.Support;

namespace Audit.Lifecycle.Tests.Calls;

/// <summary>The table of the specification, typed anew, against the law, cell by cell.</summary>
public sealed class TransitionTableTests
{
    private const long TurnOfAttempt = 5;

    private static readonly MarkdownTable Specified = MarkdownTable.Parse(
        """
        | from \ message | requested | requires_confirmation | approved | started | blocked | cached | replayed | invalidated | cancelled | completed | persistence_failed |
        |---|---|---|---|---|---|---|---|---|---|---|---|
        | none | L | L | L | L | L | L | L | L | L | L | L |
        | requested | = | L | L | L | L | L | L | L | L | L | L |
        | awaiting_confirmation | = | L | L | L | L | L | – | L | L | L | L |
        | approved | = | L | L | L | L | L | – | L | L | L | L |
        | running | – | A late_confirmation | – | A= re_executed | – | – | – | L | L | L | L |
        | completed | N¹ | N¹ | – | – | – | L | L | – | A= cancelled_too_late | – | L |
        | blocked | N¹ | N¹ | – | – | A= repeated | – | – | – | – | = if not success, else – | L |
        | cached | N¹ | N¹ | – | – | – | L | L | – | – | L | L |
        | replayed | N¹ | N¹ | – | – | – | L | L | – | – | L | L |
        | invalidated | N | N | – | – | – | – | – | A= repeated | – | – | L |
        | cancelled | N | N¹ | – | – | – | – | – | – | A= repeated | L; A completed_after_cancel if success | L |
        | persistence_failed | N | N | N | N | N | N | N | N | N | N | = |
        """);

    private static readonly Dictionary<string, CallState> StateAfter = new()
    {
        ["requested"] = CallState.Requested,
        ["requires_confirmation"] = CallState.AwaitingConfirmation,
        ["approved"] = CallState.Approved,
        ["started"] = CallState.Running,
        ["blocked"] = CallState.Blocked,
        ["cached"] = CallState.Cached,
        ["replayed"] = CallState.Replayed,
        ["invalidated"] = CallState.Invalidated,
        ["cancelled"] = CallState.Cancelled,
        ["completed"] = CallState.Completed,
        ["persistence_failed"] = CallState.PersistenceFailed,
    };

    public static TheoryData<string, string> Cells()
    {
        var cells = new TheoryData<string, string>();
        foreach (var state in Specified.Rows)
        {
            foreach (var message in Specified.Columns)
            {
                cells.Add(state, message);
            }
        }

        return cells;
    }

    [Fact]
    public void the_table_names_every_state_and_every_message_in_the_order_of_the_law()
    {
        Assert.Equal(Words.AllStates, Specified.Rows);
        Assert.Equal(Words.AllKinds, Specified.Columns);
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void a_cell_is_as_the_specification_has_it(string stateName, string messageName)
    {
        Assert.True(Words.TryState(stateName, out var state));
        Assert.True(Words.TryKind(messageName, out var kind));
        var cell = Specified[stateName, messageName];
        foreach (var success in new[] { true, false })
        {
            foreach (var turn in new[] { TurnOfAttempt - 1, TurnOfAttempt, TurnOfAttempt + 1 })
            {
                var standing = new Standing
                {
                    State = state,
                    Attempt = state == CallState.None ? 0 : 1,
                    Turn = TurnOfAttempt,
                };
                var message = Say.Of(kind, success: success) with { Turn = turn };
                var from = standing;

                var verdict = CallLaw.Step(ref standing, message, sequence: 1);

                Assert.Equal(Expected(cell, from, messageName, message.Success, turn), verdict);
                Assert.Equal((verdict.To, verdict.Attempt), (standing.State, standing.Attempt));
                if (verdict.IsViolation)
                {
                    Assert.Equal(from, standing);
                }
            }
        }
    }

    private static Verdict Expected(string cell, Standing from, string message, bool success, long turn)
    {
        var to = StateAfter[message];
        var attempt = Math.Max(from.Attempt, 1);
        return cell switch
        {
            "L" => Legal(to, attempt),
            "=" => Legal(from.State, attempt),
            "–" => Violation(ViolationCause.NotAllowed),
            "N" => Legal(to, attempt + 1),
            "N¹" => turn > TurnOfAttempt
                ? Legal(to, attempt + 1, Anomalies.IdReused)
                : Violation(ViolationCause.NotALaterTurn),
            "= if not success, else –" => success ? Violation(ViolationCause.NotAllowed) : Legal(from.State, attempt),
            "L; A completed_after_cancel if success" =>
                Legal(to, attempt, success ? Anomalies.CompletedAfterCancel : Anomalies.None),
            _ when cell.StartsWith("A= ", StringComparison.Ordinal) => Legal(from.State, attempt, Words.AnomalyNamed(cell[3..])),
            _ when cell.StartsWith("A ", StringComparison.Ordinal) => Legal(to, attempt, Words.AnomalyNamed(cell[2..])),
            _ => throw new InvalidOperationException($"The table has a cell \"{cell}\" that this test cannot read."),
        };

        Verdict Legal(CallState state, int number, Anomalies anomalies = Anomalies.None) =>
            new(from.State, state, number, anomalies, ViolationCause.None);

        Verdict Violation(ViolationCause cause) => new(from.State, from.State, from.Attempt, Anomalies.None, cause);
    }
}
