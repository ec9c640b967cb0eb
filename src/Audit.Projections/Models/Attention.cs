namespace Audit.Projections.Models;

/// <summary>Which calls are kept in short lists of their own, because somebody may have to do something about them.</summary>
public static class Attention
{
    /// <summary>The states whose calls can be listed.</summary>
    public static readonly IReadOnlyList<CallState> States =
        [CallState.AwaitingConfirmation, CallState.Requested, CallState.Approved, CallState.Running, CallState.PersistenceFailed];

    internal static long? OfState(CallModel call) => States.Contains(call.State) ? (long)call.State : null;

    internal static long? OfJudgement(CallModel call) =>
        call.Judgement is WindowJudgement.OutsideWindow or WindowJudgement.OutOfScope ? (long)call.Judgement : null;
}
