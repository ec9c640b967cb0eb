namespace Audit.Engine.Contract;

/// <summary>How a write goes.</summary>
public enum Fault
{
    None,
    BeforeWriting,
    AfterWriting,
}
