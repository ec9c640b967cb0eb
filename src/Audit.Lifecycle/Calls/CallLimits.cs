namespace Audit.Lifecycle.Calls;

/// <summary>How much one call may write. A limit on everything: no host fills the book with one call.</summary>
public static class CallLimits
{
    /// <summary>Violations and repeats beyond these are only counted.</summary>
    public const int Noise = 200;

    public const int Transitions = 1000;

    /// <summary>All events of the stream, with the re-judgements that late messages cause.</summary>
    public const int Events = 4096;
}
