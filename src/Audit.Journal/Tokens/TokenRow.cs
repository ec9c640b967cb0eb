namespace Audit.Journal.Tokens;

/// <summary>A bearer token as it is kept: its hash only, whom it stands for, and what it may do.</summary>
/// <param name="Person">Who acts by it, or whose agent reports by it; `none` for a service.</param>
/// <param name="Source">As what it reports; null where it may report nothing.</param>
/// <param name="Bound">What it may speak of and see.</param>
/// <param name="CreatedBy">The person who made it.</param>
public sealed record TokenRow(
    string Name, byte[] Sha256, IReadOnlyList<string> Roles, string Person, TokenSource? Source, TokenBounds Bound,
    DateTimeOffset CreatedAt, string CreatedBy)
{
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>About when it was used last: within a minute.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>False when no node of the store wrote the row as it is; it opens nothing then.</summary>
    public bool IsProven { get; init; } = true;

    public bool IsGoodAt(DateTimeOffset time) =>
        IsProven && RevokedAt is null && (ExpiresAt is not { } end || time < end);
}

/// <summary>As what a token reports: a source by its number, which events carry, and by its name.</summary>
public sealed record TokenSource(long Number, string Name);

/// <summary>Each list that is not empty is all of its kind that a token may speak of and see.</summary>
public sealed record TokenBounds(
    IReadOnlyList<string> Agents, IReadOnlyList<string> Tasks, IReadOnlyList<string> Sources)
{
    public static readonly TokenBounds None = new([], [], []);

    public bool IsNone => Agents.Count + Tasks.Count + Sources.Count == 0;
}
