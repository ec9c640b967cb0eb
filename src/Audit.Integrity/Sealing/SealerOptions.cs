namespace Audit.Integrity.Sealing;

/// <summary>How a node seals.</summary>
public sealed record SealerOptions
{
    /// <summary>Where the last signed checkpoint is kept outside the database, `log.checkpoint` in the data directory.</summary>
    public required string CheckpointFile { get; init; }

    /// <summary>The name of a log that must be made; null makes one up. A log that is there keeps its name.</summary>
    public string? Origin { get; init; }

    /// <summary>The shortest time between two signatures.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a node that does not seal waits until it looks again whether it should.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);

    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
