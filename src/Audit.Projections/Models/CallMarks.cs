namespace Audit.Projections.Models;

/// <summary>
/// What may change about a call while its events stay: a bit for its state and one for each thing that may hold of it.
/// It lies in a column of the read models, so that calls worth a look are found without looking at the others.
/// </summary>
internal static class CallMarks
{
    private const int FlagsStart = 16;

    /// <summary>What its last result says of success, whatever its state is; for most that it succeeded.</summary>
    private const long Succeeded = 1L << (FlagsStart - 1), Unsuccessful = 1L << (FlagsStart - 2);
    private const long Ordinary =
        1L << (int)CallState.None | 1L << (int)CallState.Completed | 1L << (int)CallState.Cached
        | 1L << (int)CallState.Replayed | Succeeded;

    private const string Violation = "violation";
    private const string Anomaly = "anomaly";
    private const string Open = "open";
    private const string OutsideWindow = "outside-window";

    /// <summary>Its only approval is what its host says, or a person approved her own question.</summary>
    private const string SelfApproved = "self-approved";

    /// <summary>Another input ran than was asked for or approved, or another question was asked afterwards.</summary>
    private const string Changed = "changed";

    /// <summary>Dated into a window, and received after the end of it.</summary>
    private const string WindowUnproven = "window-unproven";

    /// <summary>In a window that was approved later.</summary>
    private const string GrantedAfter = "granted-after";

    /// <summary>In a window because a person accepted it so.</summary>
    private const string AcceptedLate = "accepted-late";

    /// <summary>Messages of it were counted and not written.</summary>
    private const string Flooded = "flooded";

    /// <summary>Secrets were taken out of what was reported of it.</summary>
    private const string Redacted = "redacted";

    /// <summary>Violations of it, standing or lifted, wait for a person to review them.</summary>
    private const string Unreviewed = "unreviewed";

    /// <summary>It was completed, and its result says that it failed.</summary>
    private const string Failed = "failed";

    private const string OutOfScope = "out-of-scope";

    /// <summary>A person may still answer its question, also where its host says that it is approved.</summary>
    private const string Waiting = "waiting";

    /// <summary>What may hold of a call, by the place of its bit.</summary>
    public static readonly string[] Flags =
    [
        Violation, Anomaly, Open, OutsideWindow, SelfApproved, Changed, Flooded, Redacted, WindowUnproven,
        GrantedAfter, AcceptedLate, Unreviewed, Failed, OutOfScope, Waiting,
    ];

    public static long Of(CallModel call) => 1L << (int)call.State
        | Flag(Violation, call.Violations > 0)
        | Flag(Anomaly, call.Anomalies != Anomalies.None)
        | Flag(Open, call.IsOpen)
        | Flag(OutsideWindow, call.Judged.OutsideWindow > 0)
        | Flag(
            SelfApproved,
            call.SelfApproved || call.Approval == Approval.ByHost
                || (call.Anomalies & Anomalies.ApprovedByHostOnly) != 0)
        | Flag(
            Changed,
            call.Altered || (call.Anomalies & (Anomalies.InputChangedAfterApproval | Anomalies.QuestionChanged)) != 0)
        | Flag(Flooded, call.Flooded > 0)
        | Flag(Redacted, call.Redacted)
        | Flag(WindowUnproven, call.Judged.WindowUnproven > 0)
        | Flag(GrantedAfter, call.Judged.GrantedAfter > 0)
        | Flag(AcceptedLate, call.Judged.Accepted > 0)
        | Flag(Unreviewed, call.Unreviewed > 0)
        | Flag(Failed, call.IsFailed)
        | Flag(OutOfScope, call.Judged.OutOfScope > 0)
        | Flag(Waiting, call.IsWaiting)
        | (call.Success switch { true => Succeeded, false => Unsuccessful, null => 0 });

    /// <summary>As the column has it: most calls are ordinary, and an index of the others stays small.</summary>
    public static long? Noteworthy(CallModel call) => Of(call) is var mark && (mark & ~Ordinary) != 0 ? mark : null;

    public static long OfState(string name) => Words.TryState(name, out var state) ? 1L << (int)state : 0;

    /// <summary>The names of what holds.</summary>
    public static IEnumerable<string> NamesOf(long mark) => Flags.Where(name => (mark & OfFlag(name)) != 0);

    public static long OfFlag(string name) => Flag(name, isSet: true);

    public static long OfSuccess(string name) => name == "true" ? Succeeded : Unsuccessful;

    /// <summary>Whoever has one of these is noteworthy.</summary>
    public static bool AreNoteworthy(long mask) => (mask & Ordinary) == 0;

    private static long Flag(string name, bool isSet) => isSet ? 1L << (FlagsStart + Array.IndexOf(Flags, name)) : 0;
}

/// <summary>
/// Which calls are kept in short lists of their own, because somebody may have to do something about them.
/// </summary>
public static class Attention
{
    /// <summary>The states whose calls can be listed.</summary>
    public static readonly IReadOnlyList<CallState> States =
    [
        CallState.AwaitingConfirmation, CallState.Requested, CallState.Approved, CallState.Running,
        CallState.PersistenceFailed,
    ];

    /// <summary>What waits for a person is listed so, also where its host says that it is approved.</summary>
    internal static long? OfState(CallModel call) => call.IsWaiting ? (long)CallState.AwaitingConfirmation
        : States.Contains(call.State) ? (long)call.State : null;

    internal static long? OfJudgement(CallModel call) =>
        call.Judgement >= WindowJudgement.WindowUnproven ? (long)call.Judgement : null;
}
