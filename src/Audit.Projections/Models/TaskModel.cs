namespace Audit.Projections.Models;

/// <summary>A task: what was done in its name, and how that stood to its windows.</summary>
public sealed record TaskModel
{
    /// <summary>The position of the first event that names it.</summary>
    public required long Id { get; init; }

    public required string TaskId { get; init; }

    public NameSet Agents { get; init; } = NameSet.Empty;

    public int Windows { get; init; }

    public int Calls { get; init; }

    public int OpenCalls { get; init; }

    /// <summary>Standing violations of its calls.</summary>
    public int Violations { get; init; }

    /// <summary>Its calls by the gravest judgement that each has.</summary>
    public JudgementCounts Judged { get; init; }

    public Timestamp? FirstAt { get; init; }

    public Timestamp? LastAt { get; init; }

    public long LastPosition { get; init; }
}
