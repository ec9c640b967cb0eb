namespace Audit.Lifecycle.Calls;

public enum CellRule : byte
{
    Violation,
    Move,
    Stay,
    NextAttempt,
    NextAttemptInLaterTurn,
}
