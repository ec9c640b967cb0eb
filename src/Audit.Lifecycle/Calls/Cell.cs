namespace Audit.Lifecycle.Calls;

public enum CellRule : byte
{
    Violation,
    Move,
    Stay,
    NextAttempt,
    NextAttemptInLaterTurn,
}

/// <summary>What a cell makes of the success flag of a completion.</summary>
public enum CellCondition : byte
{
    None,
    ViolationOnSuccess,
    AnomalyOnSuccess,
}

/// <summary>One cell of the table: what a message does to a call in a state.</summary>
public readonly record struct Cell(CellRule Rule, Anomalies Anomalies = Anomalies.None,
    CellCondition Condition = CellCondition.None)
{
    public static readonly Cell L = new(CellRule.Move);
    public static readonly Cell Eq = new(CellRule.Stay);
    public static readonly Cell No = new(CellRule.Violation);
    public static readonly Cell N = new(CellRule.NextAttempt);
    public static readonly Cell N1 = new(CellRule.NextAttemptInLaterTurn, Anomalies.IdReused);

    public static Cell Legal(Anomalies anomaly) => new(CellRule.Move, anomaly);

    public static Cell Stay(Anomalies anomaly) => new(CellRule.Stay, anomaly);

    public static Cell LegalUnlessSuccess() => new(CellRule.Move, Condition: CellCondition.ViolationOnSuccess);

    public static Cell LegalWithAnomalyOnSuccess(Anomalies anomaly) =>
        new(CellRule.Move, anomaly, CellCondition.AnomalyOnSuccess);
}
