namespace Audit.Api.Access;

/// <summary>How the node was configured, as far as its endpoints need it.</summary>
/// <param name="Store">`sqlite:PATH` or `postgres:CONNECTION STRING`.</param>
/// <param name="Data">The directory of what belongs to this node alone.</param>
/// <param name="CheckpointFile">What this node signed or saw signed last.</param>
/// <param name="RowKeyFile">The keys of the rows, which are in no database.</param>
/// <param name="PublicLog">Whether the log's checkpoint and tiles are given to anybody.</param>
public sealed record ApiSettings(
    string Store, string Data, string LogKeyFile, string CheckpointFile, string RowKeyFile, bool PublicLog)
{
    /// <summary>How long a row may wait for its seal.</summary>
    public TimeSpan MaxUnsealed { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long the newest checkpoint may be without the witnesses' cosignatures.</summary>
    public TimeSpan MaxUnwitnessed { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The policy by which hosts are answered; null where none was given, and nothing is enforced.</summary>
    public string? PolicyFile { get; init; }

    /// <summary>The longest task window.</summary>
    public TimeSpan MaxWindowLength { get; init; } = WindowLimits.DefaultMaxLength;

    /// <summary>Whether a person may approve what was asked for in the same person's name.</summary>
    public bool AllowSelfApproval { get; init; }
}
