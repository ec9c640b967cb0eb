using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Windows;

/// <summary>What is asked for: which agent, for which task, with which tools, from when until when.</summary>
public sealed record WindowTerms(string TaskId, string Agent, IReadOnlyList<string> Scope, string Reason)
{
    /// <summary>Null: from the approval on.</summary>
    public Timestamp? OpensAt { get; init; }

    /// <summary>Null when a duration is given.</summary>
    public Timestamp? ClosesAt { get; init; }

    public TimeSpan? Duration { get; init; }
}
