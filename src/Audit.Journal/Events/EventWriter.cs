using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Encodings.Web;

namespace Audit.Journal.Events;

/// <summary>An event as it goes into a row.</summary>
public readonly record struct EncodedEvent(string Manifest, ReadOnlyMemory<byte> Message);

/// <summary>What the events of one submission say beside the law's own facts.</summary>
/// <param name="Record">The record's bytes as sent, but for what was redacted; empty for what was too large to be
/// kept.</param>
/// <param name="Redacted">What was taken out of the record; null where nothing was.</param>
public readonly record struct CallContext(
    string SessionId, string ToolCallId, string? Agent, CallMessage Message, ReadOnlyMemory<byte> Record,
    RedactionMark? Redacted = null);

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
        CallEvent.Received { Weight: EntryWeight.Oversized } received => WriteOversized(context, received),
        CallEvent.Received received => WriteReceived(context, received),
        CallEvent.Rejudged rejudged => WriteRejudged(context, rejudged),
        CallEvent.Flooded flooded => WriteFlooded(context, flooded),
        _ => throw new ArgumentOutOfRangeException(nameof(happened), happened, "A call knows no such event."),
    };

    public EncodedEvent Write(
        string sessionId, string? taskId, string? agent, SessionNote note, ReadOnlySpan<byte> detail,
        RedactionMark? redacted = null)
    {
        Begin(EventNames.SessionNoted, note.ReceivedAt, note.Host);
        json.WriteString(EventField.SessionId, sessionId);
        json.WriteString(EventField.TaskId, taskId);
        json.WriteString(EventField.Agent, agent);
        WriteDelivery(note.MessageId, note.Dedup, note.Seq, note.Derived, note.TimeInferred);
        json.WriteString(EventField.Type, note.Type);
        json.WriteString(EventField.At, Rfc3339.Format(note.At));
        WriteMark(redacted);
        json.WritePropertyName(EventField.Detail);
        json.WriteRawValue(detail.IsEmpty ? "null"u8 : detail, skipInputValidation: true);
        return End(EventNames.SessionNoted);
    }

    public EncodedEvent Write(
        string windowId, WindowEvent happened, ReadOnlySpan<byte> body, RedactionMark? redacted = null)
    {
        var message = happened.Message;
        var name = EventNames.Of(happened.Kind);
        Begin(name, message.ReceivedAt, message.Actor);
        json.WriteString(EventField.WindowId, windowId);
        json.WriteString(EventField.Verb, WordOf(message.Verb));
        json.WriteString(EventField.From, WordOf(happened.From));
        json.WriteString(EventField.To, WordOf(happened.To));
        WriteOptional(EventField.Violation, (happened as WindowEvent.Violated)?.Violation);
        WriteOptional(EventField.OnBehalfOf, message.Delivery.OnBehalfOf);
        if (happened is WindowEvent.Approved { SelfGranted: true })
        {
            json.WriteBoolean(EventField.SelfGranted, true);
        }

        if (message is WindowMessage.Asking { Terms: var terms })
        {
            WriteTerms(terms);
        }

        WriteOptional(EventField.OpensAt, (happened as WindowEvent.Approved)?.OpensAt.ToString());
        WriteOptional(EventField.ClosesAt, happened.ClosesAtOrAsked?.ToString());
        WriteOptional(EventField.Reason, message.Reason);
        WriteDelivery(message.Delivery.MessageId, message.Dedup, null, derived: false, inferred: false);
        WriteMark(redacted);
        json.WritePropertyName(EventField.Body);
        json.WriteRawValue(body.IsEmpty ? "null"u8 : body, skipInputValidation: true);
        return End(name);
    }

    public EncodedEvent WriteOperator(
        string act, string actor, Timestamp at, ReadOnlySpan<byte> detail, RedactionMark? redacted = null)
    {
        Begin(EventNames.OperatorActed, at, actor);
        json.WriteString(EventField.Act, act);
        WriteNonce();
        WriteMark(redacted);
        json.WritePropertyName(EventField.Detail);
        json.WriteRawValue(detail.IsEmpty ? "null"u8 : detail, skipInputValidation: true);
        return End(EventNames.OperatorActed);
    }

    public static string WordOf(WindowState state) => state.ToString().ToLowerInvariant();

    public static string WordOf(WindowVerb verb) => verb.ToString().ToLowerInvariant();

    public void Dispose() => json.Dispose();

    private EncodedEvent WriteReceived(in CallContext context, CallEvent.Received received)
    {
        var name = received.Verdict.IsViolation ? EventNames.CallViolated : EventNames.CallTransitioned;
        BeginCall(name, context);
        WriteVerdict(received.Verdict, received.Message);
        if (received.Late)
        {
            json.WriteBoolean(EventField.Late, true);
        }

        if (received.Message.MadeByNode)
        {
            json.WriteBoolean(EventField.MadeByNode, true);
        }

        WriteDelivery(received.Message.MessageId, received.Message.Dedup, received.Message.Seq,
            received.Message.Derived, received.Message.TimeInferred);
        WriteMark(context.Redacted);
        json.WritePropertyName(EventField.Record);
        json.WriteRawValue(context.Record.Span, skipInputValidation: true);
        return End(name);
    }

    private EncodedEvent WriteOversized(in CallContext context, CallEvent.Received received)
    {
        BeginCall(EventNames.CallOversized, context);
        json.WriteString(EventField.ToolCallId, context.ToolCallId);
        json.WriteNumber(EventField.Bytes, received.Message.OversizedBytes);
        WriteDelivery(received.Message.MessageId, received.Message.Dedup, received.Message.Seq,
            received.Message.Derived, received.Message.TimeInferred);
        return End(EventNames.CallOversized);
    }

    private EncodedEvent WriteRejudged(in CallContext context, CallEvent.Rejudged rejudged)
    {
        BeginCall(EventNames.CallRejudged, context);
        json.WriteString(EventField.ToolCallId, context.ToolCallId);
        json.WriteNumber(EventField.Sequence, rejudged.Sequence);
        json.WriteStartObject(EventField.Was);
        WriteVerdict(rejudged.Was, null);
        json.WriteEndObject();
        json.WriteStartObject(EventField.Now);
        WriteVerdict(rejudged.Now, null);
        json.WriteEndObject();
        json.WriteString(EventField.Reason, rejudged.Reason);
        WriteNonce();
        return End(EventNames.CallRejudged);
    }

    private EncodedEvent WriteFlooded(in CallContext context, CallEvent.Flooded flooded)
    {
        BeginCall(EventNames.CallFlooded, context);
        json.WriteString(EventField.ToolCallId, context.ToolCallId);
        json.WriteNumber(EventField.Count, flooded.Count);
        WriteNonce();
        return End(EventNames.CallFlooded);
    }

    private void BeginCall(string name, in CallContext context)
    {
        Begin(name, context.Message.ReceivedAt, context.Message.Host);
        json.WriteString(EventField.SessionId, context.SessionId);
        json.WriteString(EventField.TaskId, context.Message.TaskId);
        json.WriteString(EventField.Agent, context.Agent);
    }

    private void Begin(string name, Timestamp receivedAt, string host)
    {
        // Nothing may be left of an event whose writing failed half-way.
        buffer.ResetWrittenCount();
        json.Reset();
        json.WriteStartObject();
        json.WriteNumber(EventField.Version, EventNames.Version);
        json.WriteString(EventField.Event, name);
        json.WriteString(EventField.ReceivedAt, receivedAt.ToDateTimeOffset().UtcDateTime);
        json.WriteString(EventField.Host, host);
    }

    /// <summary>A violation has the reason where a transition has the state it leads to.</summary>
    private void WriteVerdict(Verdict verdict, CallMessage? message)
    {
        json.WriteString(EventField.From, Words.Of(verdict.From));
        if (!verdict.IsViolation)
        {
            json.WriteString(EventField.To, Words.Of(verdict.To));
        }
        else
        {
            json.WriteString(EventField.Cause, Words.Of(verdict.Cause));
            WriteOptional(EventField.Reason, message is null ? null : ViolationReason.Of(verdict, message));
        }

        json.WriteNumber(EventField.Attempt, verdict.Attempt);
        json.WriteStartArray(EventField.Anomalies);
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
        json.WriteString(EventField.MessageId, messageId);
        Span<byte> hash = stackalloc byte[Fingerprint.Length];
        dedup.CopyTo(hash);
        WriteBase64Url(EventField.Dedup, hash);
        if (seq is { } number)
        {
            json.WriteNumber(EventField.Seq, number);
        }
        else
        {
            json.WriteNull(EventField.Seq);
        }

        if (derived)
        {
            json.WriteBoolean(EventField.Derived, true);
        }

        if (inferred)
        {
            json.WriteString(EventField.Time, "inferred"u8);
        }
    }

    /// <summary>Which rules took something out, and of which rule set they are.</summary>
    private void WriteMark(RedactionMark? mark)
    {
        if (mark is null)
        {
            return;
        }

        json.WriteStartArray(EventField.Redacted);
        foreach (var rule in mark.Rules)
        {
            json.WriteStringValue(rule);
        }

        json.WriteEndArray();
        json.WriteString(EventField.Redaction, mark.Version);
    }

    private void WriteTerms(WindowTerms terms)
    {
        json.WriteStartObject(EventField.Terms);
        json.WriteString(EventField.TermsTask, terms.TaskId);
        json.WriteString(EventField.TermsAgent, terms.Agent);
        json.WriteStartArray(EventField.Scope);
        foreach (var glob in terms.Scope)
        {
            json.WriteStringValue(glob);
        }

        json.WriteEndArray();
        json.WriteString(EventField.TermsReason, terms.Reason);
        WriteOptional(EventField.TermsOpensAt, terms.OpensAt?.ToString());
        WriteOptional(EventField.TermsClosesAt, terms.ClosesAt?.ToString());
        if (terms.Duration is { } duration)
        {
            json.WriteNumber(EventField.DurationSeconds, duration.TotalSeconds);
        }

        json.WriteEndObject();
    }

    private void WriteOptional(EventField field, string? value)
    {
        if (value is not null)
        {
            json.WriteString(field, value);
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

        WriteBase64Url(EventField.Nonce, nonces.AsSpan(noncesUsed++ * NonceLength, NonceLength));
    }

    private void WriteBase64Url(EventField field, ReadOnlySpan<byte> bytes)
    {
        Span<byte> text = stackalloc byte[24];
        json.WriteString(field, text[..Base64Url.EncodeToUtf8(bytes, text)]);
    }

    private EncodedEvent End(string name)
    {
        json.WriteEndObject();
        json.Flush();
        var message = Room is { } room ? room.Keep(buffer.WrittenSpan) : buffer.WrittenSpan.ToArray();
        return new EncodedEvent(EventNames.ManifestOf(name), message);
    }
}
