namespace Audit.Lifecycle.Calls;

/// <summary>What a cell makes of the success flag of a completion.</summary>
public enum CellCondition : byte
{
    None,
    ViolationOnSuccess,
    AnomalyOnSuccess,
}
