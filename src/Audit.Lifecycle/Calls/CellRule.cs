namespace Audit.Lifecycle;

public enum CellRule : byte
{
    Violation,
    Move,
    Stay,
    NextAttempt,
    NextAttemptInLaterTurn,
}
