namespace Audit.Client;

/// <summary>What became of a call at one moment of its life; each is recorded for itself.</summary>
public sealed class AuditOutcome
{
    private readonly Action<Utf8JsonWriter, AuditCall> write;

    private AuditOutcome(string kind, Action<Utf8JsonWriter, AuditCall>? write = null) =>
        (Kind, this.write) = (kind, write ?? ((_, _) => { }));

    /// <summary>The word by which the wire names it, such as <c>completed</c>.</summary>
    public string Kind { get; }

    /// <summary>The model asked for the call.</summary>
    public static AuditOutcome Requested() => new("requested");

    /// <summary>A person is asked by the host itself, with what the call's permission says.</summary>
    /// <param name="description">What is asked, in words.</param>
    /// <param name="context">What a tool that listens shows the person.</param>
    public static AuditOutcome RequiresConfirmation(string description, AuditListenContext? context = null) =>
        new("requires_confirmation", (json, call) =>
        {
            json.WriteString("description"u8, description);
            context?.WriteTo(json);
            call.WritePermission(json);
            AuditCall.Text(json, "location", call.Location);
        });

    /// <summary>The host had the call approved by its own means, which is no approval by the node.</summary>
    /// <param name="decision"><c>approve-once</c>, <c>approve-for-session</c>, <c>approve-for-location</c>.</param>
    /// <param name="by">Who approved, as the host says.</param>
    /// <param name="feedback">With what words.</param>
    public static AuditOutcome Approved(string decision, string? by = null, string? feedback = null) =>
        new("approved", (json, _) =>
        {
            json.WriteString("decision"u8, decision);
            AuditCall.Text(json, "by", by);
            AuditCall.Text(json, "feedback", feedback);
        });

    /// <summary>The tool begins.</summary>
    public static AuditOutcome Started() => new("started");

    /// <summary>The call was refused by the host's own means; the tool does not run.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="by">Who refused, as the host says.</param>
    public static AuditOutcome Blocked(string reason, string? by = null) => new("blocked", (json, _) =>
    {
        json.WriteString("reason"u8, reason);
        AuditCall.Text(json, "by", by);
    });

    /// <summary>The host held a result of the call already, and the tool did not run.</summary>
    /// <param name="result">What was given to the model.</param>
    public static AuditOutcome Cached(AuditToolResult result) => OfResult("cached", result);

    /// <summary>Results of a call that was done elsewhere came again, and the first were given.</summary>
    /// <param name="result">What was given to the model.</param>
    public static AuditOutcome Replayed(AuditToolResult result) => OfResult("replayed", result);

    /// <summary>What a person was asked is no more: it expired, or what it showed has changed.</summary>
    /// <param name="reason">Why.</param>
    public static AuditOutcome Invalidated(string reason) => OfReason("invalidated", reason);

    /// <summary>The call was given up.</summary>
    /// <param name="reason">Why.</param>
    public static AuditOutcome Cancelled(string reason) => OfReason("cancelled", reason);

    /// <summary>The tool ran to its end, also where it failed.</summary>
    /// <param name="result">What it gave back.</param>
    public static AuditOutcome Completed(AuditToolResult result) => OfResult("completed", result);

    /// <summary>The host's own store did not keep what the tool gave back.</summary>
    /// <param name="error">What went wrong.</param>
    /// <param name="result">What the tool gave back, where it ran.</param>
    public static AuditOutcome PersistenceFailed(string error, AuditToolResult? result = null) =>
        new("persistence_failed", (json, _) =>
        {
            if (result is not null)
            {
                result.WriteTo(json);
            }
            else
            {
                json.WriteNull("result"u8);
            }

            json.WriteString("error"u8, error);
        });

    internal void WriteTo(Utf8JsonWriter json, AuditCall call)
    {
        json.WriteString("kind"u8, Kind);
        write(json, call);
    }

    private static AuditOutcome OfResult(string kind, AuditToolResult result) =>
        new(kind, (json, _) => result.WriteTo(json));

    private static AuditOutcome OfReason(string kind, string reason) =>
        new(kind, (json, _) => json.WriteString("reason"u8, reason));
}

/// <summary>What a tool gave back.</summary>
/// <param name="Success">Whether the tool did what it was asked to do.</param>
/// <param name="Output">What the model is shown.</param>
public sealed record AuditToolResult(bool Success, string Output)
{
    /// <summary>The result as data, where there is more than text.</summary>
    public JsonElement? Data { get; init; }

    /// <summary>How long the tool ran; <see cref="AuditClient.RunAsync"/> measures it where it is left out.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>The number under which the host keeps more of the result elsewhere.</summary>
    public long? ArtifactId { get; init; }

    /// <summary>Files within the result.</summary>
    public IReadOnlyList<AuditDocument>? Documents { get; init; }

    internal void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject("result"u8);
        json.WriteBoolean("success"u8, Success);
        json.WriteString("output"u8, Output);
        if (ArtifactId is { } artifact)
        {
            json.WriteStartObject("artifact"u8);
            json.WriteNumber("id"u8, artifact);
            json.WriteEndObject();
        }

        AuditCall.Value(json, "data", Data);
        WriteDocuments(json);
        if (Duration is { } duration)
        {
            json.WriteNumber("duration_ms"u8, (long)duration.TotalMilliseconds);
        }

        json.WriteEndObject();
    }

    private void WriteDocuments(Utf8JsonWriter json)
    {
        if (Documents is null)
        {
            return;
        }

        json.WriteStartArray("documents"u8);
        foreach (var document in Documents)
        {
            json.WriteStartObject();
            json.WriteString("media_type"u8, document.MediaType);
            json.WriteBase64String("data"u8, document.Data.Span);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}

/// <summary>A file within a result.</summary>
/// <param name="MediaType">Such as <c>image/png</c>.</param>
/// <param name="Data">Its bytes.</param>
public sealed record AuditDocument(string MediaType, ReadOnlyMemory<byte> Data);

/// <summary>What a tool that listens shows the person whom it asks.</summary>
/// <param name="OperationId">The operation that is to be confirmed.</param>
/// <param name="Revision">Which revision of it is shown.</param>
/// <param name="Snapshot">What is shown.</param>
/// <param name="ExpiresAt">Until when it may be confirmed.</param>
public sealed record AuditListenContext(
    string OperationId, long Revision, JsonElement? Snapshot = null, DateTimeOffset? ExpiresAt = null)
{
    internal void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject("listen_context"u8);
        json.WriteString("operation_id"u8, OperationId);
        json.WriteNumber("revision"u8, Revision);
        AuditCall.Value(json, "snapshot", Snapshot);
        if (ExpiresAt is { } ends)
        {
            json.WriteString("expires_at"u8, AuditCall.InWire(ends));
        }

        json.WriteEndObject();
    }
}
