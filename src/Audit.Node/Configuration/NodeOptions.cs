using Audit.Lifecycle;

namespace Audit.Node.Configuration;

/// <summary>How a node is to run, after command line, environment and file have been read and found good.</summary>
public sealed record NodeOptions
{
    /// <summary>`sqlite:PATH` or `postgres:CONNECTION STRING`.</summary>
    public string Store { get; init; } = "sqlite:./audit-data/journal.db";

    public string Urls { get; init; } = "http://127.0.0.1:5080";

    /// <summary>The directory of what belongs to this node alone.</summary>
    public string Data { get; init; } = "./audit-data";

    public TimeSpan MaxWindow { get; init; } = WindowLimits.DefaultMaxLength;
}
