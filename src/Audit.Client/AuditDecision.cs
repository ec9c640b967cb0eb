using System.Diagnostics.CodeAnalysis;
using Audit.Client.Http;

namespace Audit.Client;

/// <summary>What a node answered to the question whether a tool may run. It is in the book already.</summary>
/// <param name="State">Where the call stands, such as <c>approved</c> or <c>awaiting_confirmation</c>.</param>
/// <param name="Decision">The word of the decision; null where none was made.</param>
public sealed record AuditDecision(string State, string? Decision)
{
    internal const string Awaiting = DecisionAnswer.Awaiting;

    private static readonly string[] Approving =
    [
        "approve-once", "approve-for-session", "approve-for-location", "approve-permanently",
        "approved", "approved-for-session", "approved-for-location", "auto",
    ];

    /// <summary>Whether the tool may run: only an approving decision says so, and nothing else does.</summary>
    public bool IsApproved => Approving.Contains(Decision);

    /// <summary>Whether a person is still awaited.</summary>
    public bool IsAwaited => State == Awaiting;

    /// <summary>Whether the node has no opinion, for nothing is enforced there.</summary>
    public bool HasNoOpinion => Decision == "no-opinion";

    /// <summary>Who decided: <c>policy</c>, or a person.</summary>
    public string? By { get; init; }

    /// <summary>What whoever refused says to the agent.</summary>
    public string? Feedback { get; init; }

    /// <summary>The rule of the policy that decided, or asked a person.</summary>
    public string? Rule { get; init; }

    /// <summary>The version of the policy.</summary>
    public string? Policy { get; init; }

    /// <summary>The approval of more calls than one, or the stop, that decided instead of the policy.</summary>
    public string? Order { get; init; }

    /// <summary>Where nothing is enforced: what would have been decided.</summary>
    public string? Would { get; init; }

    /// <summary>Until when an approved tool may begin; of a question that waits, when it ends.</summary>
    public DateTimeOffset? ValidUntil { get; init; }

    /// <summary>Of the decision in the stream of the call.</summary>
    internal long? Sequence { get; private init; }

    internal static AuditDecision Of(DecisionAnswer answer) => new(answer.State, answer.Decision)
    {
        By = answer.By, Feedback = answer.Feedback, Rule = answer.Rule, Policy = answer.Policy, Order = answer.Order,
        Would = answer.Would, Sequence = answer.Sequence,
        ValidUntil = DateTimeOffset.TryParse(
            answer.ValidUntil, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var until)
            ? until
            : null,
    };

    /// <summary>What is answered once is answered for ever, and lets a tool begin once, and in its time.</summary>
    /// <exception cref="AuditException">The tool does not begin, although it was let.</exception>
    internal void RequireUnspent(DateTimeOffset now)
    {
        if (State is not ("requested" or Awaiting or "approved"))
        {
            throw new AuditException(
                AuditFailure.NotRecorded,
                $"The call is {State} already, and an approval is for one run; the tool did not run.");
        }

        if (ValidUntil <= now)
        {
            throw new AuditException(
                AuditFailure.Refused,
                $"What approved the call held until {AuditCall.InWire(ValidUntil.Value)}; the tool did not run, and is to be "
                    + "asked for as another call.");
        }
    }
}

/// <summary>What came of <see cref="AuditClient.RunAsync"/>.</summary>
/// <param name="Decision">What was decided.</param>
/// <param name="Result">What the tool gave back; null where it was refused and did not run.</param>
public sealed record AuditRun(AuditDecision Decision, AuditToolResult? Result)
{
    /// <summary>Whether the tool ran.</summary>
    [MemberNotNullWhen(true, nameof(Result))]
    public bool Ran => Result is not null;

    /// <summary>What the agent may be told where the tool did not run.</summary>
    public string Refusal => Decision switch
    {
        { Feedback: { Length: > 0 } feedback } => feedback,
        { IsAwaited: true } => "Nobody has approved this call yet.",
        { HasNoOpinion: true } => "The node decides on no calls, for it has no policy that does, and so nothing approved this one.",
        { State: "invalidated" } => "Nobody approved this call in time.",
        _ => "This call was not approved.",
    };
}

/// <summary>
/// The approvals on which something began. Until the node has a beginning that lies in the spool it gives the same
/// approval to who asks again, and of two that ask at the same moment one begins.
/// </summary>
internal sealed class SpentApprovals
{
    /// <summary>An approval holds for minutes, and is not asked for after.</summary>
    private const int Most = 10_000;

    private readonly HashSet<(string Session, string Call, long Sequence)> begun = [];
    private readonly Queue<(string Session, string Call, long Sequence)> order = new();

    /// <param name="start">Keeps that it begins; where it throws, nothing began.</param>
    /// <exception cref="AuditException">It began before.</exception>
    public async Task BeginAsync(AuditCall call, AuditDecision decision, Func<Task> start)
    {
        var approval = (call.SessionId, call.ToolCallId, decision.Sequence ?? 0);
        if (decision is not { IsApproved: true, Sequence: not null })
        {
            await start();
            return;
        }

        lock (begun)
        {
            if (!begun.Add(approval))
            {
                throw new AuditException(
                    AuditFailure.NotRecorded,
                    "The call began already, and an approval is for one run; the tool did not run.");
            }

            order.Enqueue(approval);
            if (order.Count > Most)
            {
                begun.Remove(order.Dequeue());
            }
        }

        try
        {
            await start();
        }
        catch
        {
            lock (begun)
            {
                begun.Remove(approval);
            }

            throw;
        }
    }
}

/// <summary>Why something was not asked or not recorded.</summary>
public enum AuditFailure
{
    /// <summary>There is no node, or it did not answer in time.</summary>
    NoAnswer,

    /// <summary>The node refused: the token may not, or what was sent cannot be read.</summary>
    Refused,

    /// <summary>The node did not take the record as what it says; where it is a violation, as that.</summary>
    NotRecorded,

    /// <summary>As much waits to be sent as may; this was not kept.</summary>
    SpoolFull,

    /// <summary>The spool's file cannot be written; this may not have been kept.</summary>
    SpoolBroken,
}

/// <summary>Something was not asked or not recorded, in one sentence. No tool ran on an answer that is missing.</summary>
public sealed class AuditException : Exception
{
    internal AuditException(AuditFailure failure, string message, Exception? cause = null)
        : base(message, cause) => Failure = failure;

    /// <summary>What went wrong.</summary>
    public AuditFailure Failure { get; }

    /// <summary>
    /// What the tool gave back, where it had run when its record failed; null where no tool ran.
    /// </summary>
    public AuditToolResult? Result { get; internal init; }

    internal static AuditException Of(NodeException failure, AuditToolResult? ran = null) =>
        new(FailureOf(failure.Trouble), failure.Message, failure) { Result = ran };

    internal static AuditFailure FailureOf(NodeTrouble trouble) => trouble switch
    {
        NodeTrouble.Unreachable or NodeTrouble.Unreadable => AuditFailure.NoAnswer,
        NodeTrouble.NotRecorded => AuditFailure.NotRecorded,
        NodeTrouble.Full => AuditFailure.SpoolFull,
        NodeTrouble.Unwritable => AuditFailure.SpoolBroken,
        _ => AuditFailure.Refused,
    };
}

/// <summary>What happened in the background that somebody should know.</summary>
/// <param name="Failure">What went wrong.</param>
/// <param name="Sentence">The same in words.</param>
/// <param name="Cause">What was thrown.</param>
public sealed record AuditTrouble(AuditFailure Failure, string Sentence, Exception? Cause);
