namespace Audit.Node.CommandLine.Demo;

/// <summary>What somebody sends to the node at a moment of the story.</summary>
/// <param name="Who">The name of the token that it is sent with.</param>
/// <param name="Session">Where a bare record belongs.</param>
internal sealed record DemoStep(DateTimeOffset At, string Who, string Path, string Body, string? Session = null);
