using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Audit.Journal.Events;

/// <summary>
/// Writes events as the journal's JSON. One writer serves one thread: its buffers are used again for every event.
/// </summary>
public sealed class EventWriter : IDisposable
{
    private const int NonceLength = 16;
    private const int NoncesAtOnce = 256;

    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    private readonly ArrayBufferWriter<byte> buffer = new(4096);
    private readonly Utf8JsonWriter json;
    private readonly byte[] nonces = new byte[NonceLength * NoncesAtOnce];
    private int noncesUsed = NoncesAtOnce;

    /// <summary>Where messages are put; without it each is an array of its own.</summary>
    public MessageRoom? Room { get; set; }

    public EventWriter() => json = new Utf8JsonWriter(buffer, Options);

    public EncodedEvent Write(in CallContext context, CallEvent happened) => happened switch
    {
        CallEvent.Received { Weight: EntryWeight.Oversized } told => WriteOversized(context, told),
        CallEvent.Received told => WriteTold(context, told),
        CallEvent.Rejudged rejudged => WriteRejudged(context, rejudged),
        CallEvent.Flooded flooded => WriteFlooded(context, flooded),
        _ => throw new ArgumentOutOfRangeException(nameof(happened), happened, "A call knows no such event."),
    };

    public EncodedEvent Write(string sessionId, string? taskId, string? agent, SessionNote note, ReadOnlySpan<byte> detail)
    {
        Begin(EventNames.SessionNoted, note.ReceivedAt, note.Host);
        json.WriteString("session_id"u8, sessionId);
        json.WriteString("task_id"u8, taskId);
        json.WriteString("agent"u8, agent);
        WriteDelivery(note.MessageId, note.Dedup, note.Seq, note.Derived, note.TimeInferred);
        json.WriteString("type"u8, note.Type);
        json.WriteString("at"u8, Rfc3339.Format(note.At));
        json.WritePropertyName("detail"u8);
        json.WriteRawValue(detail.IsEmpty ? "null"u8 : detail, skipInputValidation: true);
        return End(EventNames.SessionNoted);
    }

    public EncodedEvent Write(string windowId, WindowEvent happened, ReadOnlySpan<byte> said)
    {
        var message = happened.Message;
        var name = EventNames.Of(happened.Kind);
        Begin(name, message.ReceivedAt, message.Actor);
        json.WriteString("window_id"u8, windowId);
        json.WriteString("verb"u8, WordOf(message.Verb));
        json.WriteString("from"u8, WordOf(happened.From));
        json.WriteString("to"u8, WordOf(happened.To));
        WriteOptional("violation"u8, happened.Violation);
        WriteOptional("on_behalf_of"u8, message.OnBehalfOf);
        if (happened.SelfGranted)
        {
            json.WriteBoolean("self_granted"u8, true);
        }

        WriteTerms(message);
        WriteOptional("opens_at"u8, happened.OpensAt?.ToString());
        WriteOptional("closes_at"u8, (happened.ClosesAt ?? message.ClosesAt)?.ToString());
        WriteOptional("reason"u8, message.Reason);
        WriteDelivery(message.MessageId, message.Dedup, null, derived: false, inferred: false);
        json.WritePropertyName("said"u8);
        json.WriteRawValue(said.IsEmpty ? "null"u8 : said, skipInputValidation: true);
        return End(name);
    }

    public EncodedEvent WriteOperator(string act, string actor, Timestamp at, ReadOnlySpan<byte> detail)
    {
        Begin(EventNames.OperatorActed, at, actor);
        json.WriteString("act"u8, act);
        WriteNonce();
        json.WritePropertyName("detail"u8);
        json.WriteRawValue(detail.IsEmpty ? "null"u8 : detail, skipInputValidation: true);
        return End(EventNames.OperatorActed);
    }

    public static string WordOf(WindowState state) => state.ToString().ToLowerInvariant();

    public static string WordOf(WindowVerb verb) => verb.ToString().ToLowerInvariant();

    public void Dispose() => json.Dispose();

    private EncodedEvent WriteTold(in CallContext context, CallEvent.Received told)
    {
        var name = told.Verdict.IsViolation ? EventNames.CallViolated : EventNames.CallTransitioned;
        BeginCall(name, context);
        WriteVerdict(told.Verdict, told.Message);
        if (told.Late)
        {
            json.WriteBoolean("late"u8, true);
        }

        if (told.Message.MadeByNode)
        {
            json.WriteBoolean("made_by_node"u8, true);
        }

        WriteDelivery(told.Message.MessageId, told.Message.Dedup, told.Message.Seq, told.Message.Derived, told.Message.TimeInferred);
        json.WritePropertyName("record"u8);
        json.WriteRawValue(context.Record.Span, skipInputValidation: true);
        return End(name);
    }

    private EncodedEvent WriteOversized(in CallContext context, CallEvent.Received told)
    {
        BeginCall(EventNames.CallOversized, context);
        json.WriteString("tool_call_id"u8, context.ToolCallId);
        json.WriteNumber("bytes"u8, told.Message.OversizedBytes);
        WriteDelivery(told.Message.MessageId, told.Message.Dedup, told.Message.Seq, told.Message.Derived, told.Message.TimeInferred);
        return End(EventNames.CallOversized);
    }

    private EncodedEvent WriteRejudged(in CallContext context, CallEvent.Rejudged rejudged)
    {
        BeginCall(EventNames.CallRejudged, context);
        json.WriteString("tool_call_id"u8, context.ToolCallId);
        json.WriteNumber("sequence"u8, rejudged.Sequence);
        json.WriteStartObject("was"u8);
        WriteVerdict(rejudged.Was, null);
        json.WriteEndObject();
        json.WriteStartObject("now"u8);
        WriteVerdict(rejudged.Now, null);
        json.WriteEndObject();
        json.WriteString("reason"u8, rejudged.Reason);
        WriteNonce();
        return End(EventNames.CallRejudged);
    }

    private EncodedEvent WriteFlooded(in CallContext context, CallEvent.Flooded flooded)
    {
        BeginCall(EventNames.CallFlooded, context);
        json.WriteString("tool_call_id"u8, context.ToolCallId);
        json.WriteNumber("count"u8, flooded.Count);
        WriteNonce();
        return End(EventNames.CallFlooded);
    }

    private void BeginCall(string name, in CallContext context)
    {
        Begin(name, context.Message.ReceivedAt, context.Message.Host);
        json.WriteString("session_id"u8, context.SessionId);
        json.WriteString("task_id"u8, context.Message.TaskId);
        json.WriteString("agent"u8, context.Agent);
    }

    private void Begin(string name, Timestamp receivedAt, string host)
    {
        // Nothing may be left of an event whose writing failed half-way.
        buffer.ResetWrittenCount();
        json.Reset();
        json.WriteStartObject();
        json.WriteNumber("v"u8, EventNames.Version);
        json.WriteString("event"u8, name);
        json.WriteString("received_at"u8, receivedAt.ToDateTimeOffset().UtcDateTime);
        json.WriteString("host"u8, host);
    }

    /// <summary>A violation has the reason where a transition has the state it leads to.</summary>
    private void WriteVerdict(Verdict verdict, CallMessage? message)
    {
        json.WriteString("from"u8, Words.Of(verdict.From));
        if (!verdict.IsViolation)
        {
            json.WriteString("to"u8, Words.Of(verdict.To));
        }
        else
        {
            json.WriteString("cause"u8, Words.Of(verdict.Cause));
            WriteOptional("reason"u8, message is null ? null : ViolationReason.Of(verdict, message));
        }

        json.WriteNumber("attempt"u8, verdict.Attempt);
        json.WriteStartArray("anomalies"u8);
        if (verdict.Anomalies != Anomalies.None)
        {
            foreach (var anomaly in Words.Of(verdict.Anomalies))
            {
                json.WriteStringValue(anomaly);
            }
        }

        json.WriteEndArray();
    }

    private void WriteDelivery(string? messageId, Fingerprint dedup, long? seq, bool derived, bool inferred)
    {
        WriteNonce();
        json.WriteString("message_id"u8, messageId);
        Span<byte> hash = stackalloc byte[Fingerprint.Length];
        dedup.CopyTo(hash);
        WriteBase64Url("dedup"u8, hash);
        if (seq is { } number)
        {
            json.WriteNumber("seq"u8, number);
        }
        else
        {
            json.WriteNull("seq"u8);
        }

        if (derived)
        {
            json.WriteBoolean("derived"u8, true);
        }

        if (inferred)
        {
            json.WriteString("time"u8, "inferred"u8);
        }
    }

    private void WriteTerms(WindowMessage message)
    {
        if (message.Terms is not { } terms)
        {
            return;
        }

        json.WriteStartObject("terms"u8);
        json.WriteString("task_id"u8, terms.TaskId);
        json.WriteString("agent"u8, terms.Agent);
        json.WriteStartArray("scope"u8);
        foreach (var glob in terms.Scope)
        {
            json.WriteStringValue(glob);
        }

        json.WriteEndArray();
        json.WriteString("reason"u8, terms.Reason);
        WriteOptional("opens_at"u8, terms.OpensAt?.ToString());
        WriteOptional("closes_at"u8, terms.ClosesAt?.ToString());
        if (terms.Duration is { } duration)
        {
            json.WriteNumber("duration_seconds"u8, duration.TotalSeconds);
        }

        json.WriteEndObject();
    }

    private void WriteOptional(ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    /// <summary>Random bytes in every event, so that the hash of a message tells nothing about it.</summary>
    private void WriteNonce()
    {
        if (noncesUsed == NoncesAtOnce)
        {
            RandomNumberGenerator.Fill(nonces);
            noncesUsed = 0;
        }

        WriteBase64Url("nonce"u8, nonces.AsSpan(noncesUsed++ * NonceLength, NonceLength));
    }

    private void WriteBase64Url(ReadOnlySpan<byte> name, ReadOnlySpan<byte> bytes)
    {
        Span<byte> text = stackalloc byte[24];
        json.WriteString(name, text[..Base64Url.EncodeToUtf8(bytes, text)]);
    }

    private EncodedEvent End(string name)
    {
        json.WriteEndObject();
        json.Flush();
        var message = Room is { } room ? room.Keep(buffer.WrittenSpan) : buffer.WrittenSpan.ToArray();
        return new EncodedEvent(EventNames.ManifestOf(name), message);
    }
}
