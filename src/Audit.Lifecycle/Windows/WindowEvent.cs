using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Windows;

/// <summary>What can be written in the stream of a task window.</summary>
public sealed record WindowEvent(WindowEventKind Kind, WindowMessage Message, WindowState From, WindowState To)
{
    /// <summary>With an approval: the bounds as they became.</summary>
    public Timestamp? OpensAt { get; init; }

    /// <summary>With an approval and an extension.</summary>
    public Timestamp? ClosesAt { get; init; }

    public bool SelfGranted { get; init; }

    /// <summary>With a violation: what was wrong.</summary>
    public string? Violation { get; init; }
}
