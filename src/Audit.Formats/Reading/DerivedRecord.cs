using System.Text.Encodings.Web;

namespace Audit.Formats.Reading;

/// <summary>A tool audit record that was made of another system's words.</summary>
/// <param name="SessionId">Null where the event names none.</param>
/// <param name="DerivedId">
/// By it the same message is known again, however often and over whichever channel it comes.
/// </param>
/// <param name="Channel">The way by which it came.</param>
/// <param name="Record">The record; its time stands beside it.</param>
public sealed record DerivedRecord(string? SessionId, string DerivedId, string Channel, ToolAuditRecord Record)
{
    /// <summary>
    /// Where the source gave no id: what stands for one. It is made of what was said, and never stored as it is.
    /// </summary>
    public string? DerivedOf { get; init; }

    /// <summary>The agent that made the call, where the event names one.</summary>
    public string? Agent { get; init; }

    /// <summary>The call in whose course it was made.</summary>
    public string? Parent { get; init; }

    /// <summary>RFC 3339; null where nothing but the receipt has a time.</summary>
    public string? Time { get; init; }

    /// <summary>The time is not the event's own but was worked out from its neighbours.</summary>
    public bool IsTimeInferred { get; init; }

    public MessageKind Kind => KindOf(Record.Outcome);

    /// <summary>Where it is of a trace: in which sessions it may stand.</summary>
    public TracePlace? Place { get; init; }

    /// <summary>The call ran, and who let it run may be noted elsewhere.</summary>
    public UnsettledCall? Unsettled { get; init; }

    /// <param name="part">Distinguishes messages of a kind that a call may have several of.</param>
    public static DerivedRecord Of(
        string format, string? session, string call, string? tool, Outcome outcome, string? time, string? part = null)
    {
        var kind = Words.Of(KindOf(outcome));
        return new DerivedRecord(
            session,
            part is null ? $"{format}:{call}:{kind}" : $"{format}:{call}:{kind}:{part}",
            format,
            new ToolAuditRecord
            {
                ToolCallId = call,
                ToolName = tool ?? "",
                Tier = "",
                Outcome = outcome,
                RecordedAt = "",
            })
        {
            Time = time,
        };
    }

    /// <summary>The same with what was asked for, and what ran where that is another thing.</summary>
    public DerivedRecord With(JsonElement? requested, JsonElement? effective, Provenance? provenance = null) =>
        this with
        {
            Record = Record with { RequestedInput = requested, EffectiveInput = effective, Provenance = provenance },
        };

    /// <summary>The same, saying that the source does not tell to which of several calls it belongs.</summary>
    public DerivedRecord Guessed() => Saying("join", "guessed");

    /// <summary>The same where the call is of the agent of a token: whom the host names stays its claim.</summary>
    public DerivedRecord OfSubAgent() => Agent is { } name ? Saying("claimed_agent", name) with { Agent = null } : this;

    /// <summary>The same where nothing is found by the name of the call around it: the host's claim stays.</summary>
    public DerivedRecord OfUnknownParent() =>
        Parent is { } call ? Saying("claimed_parent", call) with { Parent = null } : this;

    private DerivedRecord Saying(string name, string text) => this with
    {
        Record = Record with
        {
            Unknown = new(Record.Unknown ?? []) { [name] = JsonSerializer.SerializeToElement(text) },
        },
    };

    private static MessageKind KindOf(Outcome outcome) => outcome switch
    {
        Outcome.Requested => MessageKind.Requested,
        Outcome.RequiresConfirmation => MessageKind.RequiresConfirmation,
        Outcome.Approved => MessageKind.Approved,
        Outcome.Started => MessageKind.Started,
        Outcome.Blocked => MessageKind.Blocked,
        Outcome.Cached => MessageKind.Cached,
        Outcome.Replayed => MessageKind.Replayed,
        Outcome.Invalidated => MessageKind.Invalidated,
        Outcome.Cancelled => MessageKind.Cancelled,
        Outcome.Completed => MessageKind.Completed,
        Outcome.PersistenceFailed => MessageKind.PersistenceFailed,
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "There is no such outcome."),
    };
}

/// <summary>
/// Where a call of a trace belongs. Whoever remembers what else was said of the trace decides, so that one call never
/// stands in two sessions.
/// </summary>
/// <param name="Own">The conversation that its span names.</param>
/// <param name="Above">What one above it in the same request names.</param>
/// <param name="Otherwise">What stands for it where nothing in the trace names one.</param>
public sealed record TracePlace(string Trace, string? Own, string? Above, string? Otherwise)
{
    /// <summary>The session of a trace of which no conversation is known.</summary>
    public string Session => SessionOf(Trace);

    public static string SessionOf(string trace) => $"trace:{trace}";
}

/// <summary>A note of a session that was made of another system's words.</summary>
/// <param name="SessionId">Null where the event names none.</param>
/// <param name="DerivedId">Null where the event has nothing by which to know it again but what it says.</param>
public sealed record DerivedNote(string? SessionId, string? DerivedId, string Type, JsonElement? Detail)
{
    /// <inheritdoc cref="DerivedRecord.DerivedOf"/>
    public string? DerivedOf { get; init; }

    /// <summary>RFC 3339; null where nothing but the receipt has a time.</summary>
    public string? Time { get; init; }

    public bool IsTimeInferred { get; init; }

    /// <summary>The call of which it says that nothing is told of how it ended.</summary>
    public UnsettledCall? Unsettled { get; init; }
}

/// <summary>A call of a trace that ended, of which nothing that is remembered says how, or who let it run.</summary>
/// <param name="Settle">What is known besides, once it was looked up what is noted of the trace.</param>
public sealed record UnsettledCall(TracePlace Place, string Call, Func<IReadOnlyList<DerivedRecord>> Settle);

/// <summary>Writes what was derived as items of the intake.</summary>
public static class DerivedJson
{
    public static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = 128,
    };

    /// <param name="time">RFC 3339: the record's own time, or the one that was inferred for it.</param>
    public static byte[] Item(DerivedRecord record, string? session, string time) => Write(json =>
    {
        WriteEnvelope(json, record.SessionId ?? session, record.DerivedId, record.DerivedOf);
        WriteMembers(json, ("agent", record.Agent), ("parent", record.Parent));
        json.WriteString("channel"u8, record.Channel);
        json.WritePropertyName("record"u8);
        (record.Record with { RecordedAt = time }).WriteTo(json);
    });

    public static byte[] Item(DerivedNote note, string? session) => Write(json =>
    {
        WriteEnvelope(json, note.SessionId ?? session, note.DerivedId, note.DerivedOf);
        json.WriteStartObject("note"u8);
        json.WriteString("type"u8, note.Type);
        if (note.Time is { } time)
        {
            json.WriteString("at"u8, time);
        }

        if (note.Detail is { } detail)
        {
            json.WritePropertyName("detail"u8);
            detail.WriteTo(json);
        }

        json.WriteEndObject();
    });

    private static void WriteEnvelope(Utf8JsonWriter json, string? session, string? id, string? content) =>
        WriteMembers(json, ("session_id", session), ("derived_id", id), ("derived_of", content));

    private static void WriteMembers(Utf8JsonWriter json, params (string Name, string? Value)[] members)
    {
        foreach (var (name, value) in members)
        {
            if (value is not null)
            {
                json.WriteString(name, value);
            }
        }
    }

    /// <summary>An object with the members that are written.</summary>
    public static byte[] Write(Action<Utf8JsonWriter> content)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(buffer, Options);
        json.WriteStartObject();
        content(json);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
