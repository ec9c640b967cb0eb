using Audit.Lifecycle.Calls;
using Audit.Lifecycle.Records;

namespace Audit.Lifecycle.Windows;

/// <summary>What comes of an act on a window: the events to write, all or none, and the window as it then is.</summary>
public sealed record WindowDecision(
    MessageOutcome Outcome, WindowHistory After, IReadOnlyList<WindowEvent> Events, long Sequence, string? Sentence = null);
