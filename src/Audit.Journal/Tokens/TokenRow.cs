namespace Audit.Journal.Tokens;

/// <summary>A bearer token as it is kept: its hash only, the name it acts under, and what it may do.</summary>
public sealed record TokenRow(
    string Name, byte[] Sha256, IReadOnlyList<string> Roles, string? Agent, string? Task,
    DateTimeOffset CreatedAt, DateTimeOffset? RevokedAt);
