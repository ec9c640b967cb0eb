using static Audit.Lifecycle.Calls.Cell;

namespace Audit.Lifecycle.Calls;

/// <summary>
/// The law as one table: a row for each state, a column for each message. It reads as the table of the specification:
/// L legal, Eq legal and the state stays, A… legal with an anomaly, No a violation, N the next attempt, N1 the next
/// attempt if the host is in a later turn.
/// </summary>
public static class TransitionTable
{
    private static readonly Cell A_Late = Legal(Anomalies.LateConfirmation);
    private static readonly Cell A_Rerun = Stay(Anomalies.ReExecuted);
    private static readonly Cell A_TooLate = Stay(Anomalies.CancelledTooLate);
    private static readonly Cell A_Again = Stay(Anomalies.Repeated);
    private static readonly Cell Eq_Failed = StayUnlessSuccess();
    private static readonly Cell L_AIfOk = LegalWithAnomalyOnSuccess(Anomalies.CompletedAfterCancel);

    private static readonly Cell[][] Rows =
    [
        //                          requested       started               replayed                completed
        //                              requires_confirm.    blocked          invalidated                    persistence_failed
        //                                      approved              cached           cancelled
        [/* none                 */ L,  L,      L,  L,       L,       L,  L,  L,       L,         L,         L  ],
        [/* requested            */ Eq, L,      L,  L,       L,       L,  L,  L,       L,         L,         L  ],
        [/* awaiting_confirmation*/ Eq, L,      L,  L,       L,       L,  No, L,       L,         L,         L  ],
        [/* approved             */ Eq, L,      L,  L,       L,       L,  No, L,       L,         L,         L  ],
        [/* running              */ No, A_Late, No, A_Rerun, No,      No, No, L,       L,         L,         L  ],
        [/* completed            */ N1, N1,     No, No,      No,      L,  L,  No,      A_TooLate, No,        L  ],
        [/* blocked              */ N1, N1,     No, No,      A_Again, No, No, No,      No,        Eq_Failed, L  ],
        [/* cached               */ N1, N1,     No, No,      No,      L,  L,  No,      No,        L,         L  ],
        [/* replayed             */ N1, N1,     No, No,      No,      L,  L,  No,      No,        L,         L  ],
        [/* invalidated          */ N,  N,      No, No,      No,      No, No, A_Again, No,        No,        L  ],
        [/* cancelled            */ N,  N1,     No, No,      No,      No, No, No,      A_Again,   L_AIfOk,   L  ],
        [/* persistence_failed   */ N,  N,      N,  N,       N,       N,  N,  N,       N,         N,         Eq ],
    ];

    public static Cell At(CallState state, MessageKind message) => Rows[(int)state][(int)message];
}

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

    /// <summary>What closes a call that was refused, by saying that it failed, leaves it refused.</summary>
    public static Cell StayUnlessSuccess() => new(CellRule.Stay, Condition: CellCondition.ViolationOnSuccess);

    public static Cell LegalWithAnomalyOnSuccess(Anomalies anomaly) =>
        new(CellRule.Move, anomaly, CellCondition.AnomalyOnSuccess);
}
