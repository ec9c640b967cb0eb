using Audit.Lifecycle.Calls;

namespace Audit.Lifecycle.Records;

/// <summary>What a record says of its call; each kind with its own payload.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(Requested), "requested")]
[JsonDerivedType(typeof(RequiresConfirmation), "requires_confirmation")]
[JsonDerivedType(typeof(Approved), "approved")]
[JsonDerivedType(typeof(Started), "started")]
[JsonDerivedType(typeof(Blocked), "blocked")]
[JsonDerivedType(typeof(Cached), "cached")]
[JsonDerivedType(typeof(Replayed), "replayed")]
[JsonDerivedType(typeof(Invalidated), "invalidated")]
[JsonDerivedType(typeof(Cancelled), "cancelled")]
[JsonDerivedType(typeof(Completed), "completed")]
[JsonDerivedType(typeof(PersistenceFailed), "persistence_failed")]
public abstract record Outcome
{
    private Outcome() { }

    public sealed record Requested : Outcome;

    public sealed record RequiresConfirmation(string Description, ListenContext? ListenContext) : Outcome
    {
        /// <summary>The permission request as the host sent it.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public JsonElement? Permission { get; init; }
    }

    /// <summary>What somebody decided, and who, by which way, with what words.</summary>
    public abstract record Decided : Outcome
    {
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? By { get; init; }

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? Source { get; init; }

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? Feedback { get; init; }
    }

    public sealed record Approved(string Decision) : Decided;

    public sealed record Started : Outcome;

    public sealed record Blocked(string Reason) : Decided
    {
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? Decision { get; init; }
    }

    public sealed record Cached(ToolResult Result) : Outcome;

    public sealed record Replayed(ToolResult Result) : Outcome;

    public sealed record Invalidated(string Reason) : Outcome;

    public sealed record Cancelled(string Reason) : Outcome
    {
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? By { get; init; }
    }

    public sealed record Completed(ToolResult Result) : Outcome;

    public sealed record PersistenceFailed(ToolResult? Result, string Error) : Outcome;
}

/// <summary>The snapshot that a listening tool shows the person whom it asks.</summary>
public sealed record ListenContext(string OperationId, long Revision, JsonElement? Snapshot)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ExpiresAt { get; init; }
}

/// <summary>The words by which a confirmation is given; every other decision refuses.</summary>
public static class ApprovingDecisions
{
    private static readonly string[] Words =
    [
        "approve-once", "approve-for-session", "approve-for-location", "approve-permanently",
        "approved", "approved-for-session", "approved-for-location", "auto",
    ];

    public static string Accepted { get; } = string.Join(", ", Words);

    public static bool Contains(string decision) => Words.Contains(decision);
}

/// <summary>What a tool gave back. Data and duration are always written, the rest where there is something.</summary>
public sealed record ToolResult(bool Success, string Output)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Artifact? Artifact { get; init; }

    public JsonElement? Data { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<Document>? Documents { get; init; }

    public long? DurationMs { get; init; }
}

/// <summary>A file within a result, its data in base64.</summary>
public sealed record Document(string MediaType, string Data)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Detail { get; init; }
}

/// <summary>Points to what the host stored of a result elsewhere.</summary>
public sealed record Artifact(long Id);
