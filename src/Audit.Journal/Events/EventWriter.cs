using System.Security.Cryptography;
using System.Text.Encodings.Web;
using Audit.Journal.Sealing;

namespace Audit.Journal.Events;

/// <summary>
/// Writes events as the journal's JSON. One writer serves one thread: its buffers are used again for every event.
/// </summary>
public sealed partial class EventWriter : IDisposable
{
    private const int NonceLength = 16;
    private const int NoncesAtOnce = 256;

    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    private readonly ArrayBufferWriter<byte> buffer = new(4096);
    private readonly ArrayBufferWriter<byte> unsealed = new(4096);
    private readonly Utf8JsonWriter json;
    private readonly byte[] nonces = new byte[NonceLength * NoncesAtOnce];
    private int noncesUsed = NoncesAtOnce;

    private readonly byte[] nonce = new byte[NonceLength];
    private readonly EventProof proof;
    private StreamKey stream;
    private long sequence;
    private byte[]? key;

    public EventWriter(EventProof proof)
    {
        this.proof = proof;
        json = new Utf8JsonWriter(buffer, Options);
    }

    /// <summary>Where messages are put; without it each is an array of its own.</summary>
    public MessageRoom? Room { get; set; }

    /// <summary>Says where the next events will lie: their payloads and proofs hold for that place alone.</summary>
    /// <param name="after">The sequence number of the event before them.</param>
    /// <param name="payloadKey">The stream's; without one the payload is left out, for nobody is to read it.</param>
    public void Begin(StreamKey stream, long after, byte[]? payloadKey)
    {
        this.stream = stream;
        sequence = after;
        key = payloadKey;
    }

    public EncodedEvent Write(in CallContext context, CallEvent happened) => happened switch
    {
        CallEvent.Received { Weight: EntryWeight.Oversized } received => WriteOversized(context, received),
        CallEvent.Received received => WriteReceived(context, received),
        CallEvent.Rejudged rejudged => WriteRejudged(context, rejudged),
        CallEvent.Retimed retimed => WriteRetimed(context, retimed),
        CallEvent.Flooded flooded => WriteFlooded(context, flooded),
        _ => throw new ArgumentOutOfRangeException(nameof(happened), happened, "A call knows no such event."),
    };

    public EncodedEvent Write(
        SessionName session, string? taskId, string? agent, SessionNote note, ReadOnlySpan<byte> detail,
        RedactionMark? redacted = null)
    {
        Begin(EventNames.SessionNoted, note.ReceivedAt, note.Token, session);
        json.WriteString(EventField.TaskId, taskId);
        json.WriteString(EventField.Agent, agent);
        WriteDelivery(note.MessageId, note.Dedup, note.Seq, note.Derived, note.TimeInferred);
        json.WriteOptional(EventField.DerivedId, note.DerivedId);
        json.WriteString(EventField.Type, note.Type);
        json.WriteString(EventField.At, Rfc3339.Format(note.At));
        WriteMark(redacted);
        return End(EventNames.SessionNoted, detail);
    }

    public EncodedEvent Write(
        string windowId, WindowEvent happened, ReadOnlySpan<byte> body, RedactionMark? redacted = null)
    {
        var message = happened.Message;
        var name = EventNames.Of(happened.Kind);
        Begin(name, message.ReceivedAt, message.Actor);
        json.WriteOptional(EventField.Source, message.Delivery.Source);
        json.WriteString(EventField.WindowId, windowId);
        json.WriteString(EventField.Verb, WordOf(message.Verb));
        json.WriteString(EventField.From, WordOf(happened.From));
        json.WriteString(EventField.To, WordOf(happened.To));
        json.WriteOptional(EventField.Violation, (happened as WindowEvent.Violated)?.Violation);
        json.WriteOptional(EventField.Person, message.Delivery.Person);
        json.WriteOptional(EventField.OnBehalfOf, message.Delivery.OnBehalfOf);
        if (happened is WindowEvent.Approved { SelfGranted: true })
        {
            json.WriteBoolean(EventField.SelfGranted, true);
        }

        if (happened is WindowEvent.Approved { GrantedAfter: true })
        {
            json.WriteBoolean(EventField.GrantedAfter, true);
        }

        if (message.Delivery.MintedByParty)
        {
            json.WriteBoolean(EventField.MintedByParty, true);
        }

        if (message is WindowMessage.Asking { Terms: var terms })
        {
            WindowEventWriter.Write(json, terms);
        }

        if (message is WindowMessage.Accept { Span: var span })
        {
            WindowEventWriter.Write(json, span);
        }

        json.WriteOptional(EventField.OpensAt, (happened as WindowEvent.Approved)?.OpensAt.ToString());
        json.WriteOptional(EventField.ClosesAt, happened.ClosesAtOrAsked?.ToString());
        json.WriteOptional(EventField.Reason, message.Reason);
        WriteDelivery(message.Delivery.MessageId, message.Dedup, null, derived: false, inferred: false);
        WriteMark(redacted);
        return End(name, body);
    }

    /// <param name="facts">What everybody may read of the act who has the row: an object; empty for none.</param>
    public EncodedEvent WriteOperator(
        string act, string actor, Timestamp at, ReadOnlySpan<byte> detail, RedactionMark? redacted = null,
        ReadOnlySpan<byte> facts = default)
    {
        Begin(EventNames.OperatorActed, at, actor);
        json.WriteString(EventField.Act, act);
        if (!facts.IsEmpty)
        {
            json.WritePropertyName(EventField.Facts);
            json.WriteRawValue(facts, skipInputValidation: true);
        }

        WriteNonce();
        WriteMark(redacted);
        return End(EventNames.OperatorActed, detail);
    }

    public static string WordOf(WindowState state) => state.ToString().ToLowerInvariant();

    public static string WordOf(WindowVerb verb) => verb.ToString().ToLowerInvariant();

    public void Dispose() => json.Dispose();

    private EncodedEvent WriteReceived(in CallContext context, CallEvent.Received received)
    {
        var name = received.Verdict.IsViolation ? EventNames.CallViolated
            : received.Weight == EntryWeight.Confirming ? EventNames.CallConfirmed
            : EventNames.CallTransitioned;
        BeginCall(name, context);
        WriteFacts(received.Message);
        WriteVerdict(received.Verdict, received.Message);
        if (received.Late)
        {
            json.WriteBoolean(EventField.Late, true);
        }

        if (received.Message.MadeByNode)
        {
            json.WriteBoolean(EventField.MadeByNode, true);
        }

        WriteDecided(received.Message);
        WriteDelivery(received.Message.MessageId, received.Message.Dedup, received.Message.Seq,
            received.Message.Derived, received.Message.TimeInferred);
        json.WriteChannel(received.Message);
        if (received.Message.SentBytes > 0)
        {
            json.WriteNumber(EventField.Bytes, received.Message.SentBytes);
        }

        WriteMark(context.Redacted);
        return End(name, context.Record.Span);
    }

    /// <summary>What a decision is on, and who is behind it; of a question, what it says.</summary>
    private void WriteDecided(CallMessage message)
    {
        if (message.Answers is { } answers)
        {
            json.WriteStartObject(EventField.Answers);
            json.WriteNumber(EventField.AnsweredSequence, answers.Sequence);
            json.WriteHash(EventField.AnsweredQuestion, answers.Question);
            json.WriteEndObject();
        }

        json.WritePolicy(message);
        json.WriteHash(EventField.Question, message.Question);
        json.WriteOptional(EventField.Person, message.Person);
        if (message.SelfApproved)
        {
            json.WriteBoolean(EventField.SelfApproved, true);
        }
    }

    private EncodedEvent WriteOversized(in CallContext context, CallEvent.Received received)
    {
        BeginCall(EventNames.CallOversized, context);
        json.WriteOptional(EventField.Parent, received.Message.Parent);
        json.WriteNumber(EventField.Bytes, received.Message.OversizedBytes);
        WriteDelivery(received.Message.MessageId, received.Message.Dedup, received.Message.Seq,
            received.Message.Derived, received.Message.TimeInferred);
        return End(EventNames.CallOversized);
    }

    private EncodedEvent WriteRejudged(in CallContext context, CallEvent.Rejudged rejudged)
    {
        BeginCall(EventNames.CallRejudged, context);
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

    private EncodedEvent WriteRetimed(in CallContext context, CallEvent.Retimed retimed)
    {
        BeginCall(EventNames.CallRetimed, context);
        json.WriteNumber(EventField.Sequence, retimed.Sequence);
        json.WriteString(EventField.Was, Rfc3339.Format(retimed.Was));
        json.WriteString(retimed.Counts ? EventField.Now : EventField.AlsoDated, Rfc3339.Format(retimed.Given));
        WriteNonce();
        return End(EventNames.CallRetimed);
    }

    private EncodedEvent WriteFlooded(in CallContext context, CallEvent.Flooded flooded)
    {
        BeginCall(EventNames.CallFlooded, context);
        json.WriteString(EventField.FactKind, Words.Of(flooded.Kind));
        if (flooded.Cause != ViolationCause.None)
        {
            json.WriteString(EventField.Cause, Words.Of(flooded.Cause));
        }

        json.WriteNumber(EventField.Count, flooded.Count);
        json.WriteString(EventField.First, Rfc3339.Format(flooded.First));
        json.WriteString(EventField.Last, Rfc3339.Format(flooded.Last));
        json.WriteHash(EventField.Chain, flooded.Chain);
        json.WriteNumber(EventField.Total, flooded.Total);
        WriteNonce();
        return End(EventNames.CallFlooded);
    }

    private void BeginCall(string name, in CallContext context)
    {
        Begin(name, context.Message.ReceivedAt, context.Message.Token, context.Session);
        json.WriteString(EventField.ToolCallId, context.ToolCallId);
        json.WriteString(EventField.TaskId, context.Message.TaskId);
        json.WriteString(EventField.Agent, context.Agent);
    }

    private void WriteFacts(CallMessage message)
    {
        json.WriteOptional(EventField.Parent, message.Parent);
        json.WriteString(EventField.FactKind, Words.Of(message.Kind));
        json.WriteNumber(EventField.FactTurn, message.Turn);
        json.WriteOptional(EventField.FactTool, message.ToolName);
        if (message.NeedsConfirmation)
        {
            json.WriteString(EventField.FactTier, "Confirm"u8);
        }

        json.WriteOptional(EventField.FactProvider, message.Provider);
        json.WriteString(EventField.FactRecordedAt, Rfc3339.Format(message.RecordedAt));
        if (RecordFacts.MayHoldResult(message.Kind))
        {
            json.WriteBoolean(EventField.FactSuccess, message.Success);
        }

        json.WriteHash(EventField.FactInput, message.Input);
        json.WriteHash(EventField.FactResult, message.Result);
    }

    private void Begin(string name, Timestamp receivedAt, string token, SessionName? session = null)
    {
        // Nothing may be left of an event whose writing failed half-way.
        buffer.ResetWrittenCount();
        json.Reset();
        json.WriteStartObject();
        json.WriteNumber(EventField.Version, EventNames.Version);
        json.WriteString(EventField.Event, name);
        json.WriteString(EventField.ReceivedAt, receivedAt.ToDateTimeOffset().UtcDateTime);
        json.WriteOptional(EventField.Source, session?.Source);
        json.WriteString(EventField.Token, token);
        json.WriteOptional(EventField.SessionId, session?.Id);
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
            json.WriteOptional(EventField.Reason, message is null ? null : ViolationReason.Of(verdict, message));
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
        json.WriteHash(EventField.Dedup, dedup);
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

        json.WriteTexts(EventField.Redacted, mark.Rules);
        json.WriteString(EventField.Redaction, mark.Version);
    }

    /// <summary>Random bytes in every event, so that the hash of a message reveals nothing about it.</summary>
    private void WriteNonce()
    {
        if (noncesUsed == NoncesAtOnce)
        {
            RandomNumberGenerator.Fill(nonces);
            noncesUsed = 0;
        }

        nonces.AsSpan(noncesUsed++ * NonceLength, NonceLength).CopyTo(nonce);
        json.WriteBase64Url(EventField.Nonce, nonce);
    }

    /// <param name="payload">The content; empty where there is none.</param>
    private EncodedEvent End(string name, ReadOnlySpan<byte> payload = default)
    {
        // The last brace follows the proof, which is over all before it.
        json.Flush();
        sequence++;
        var manifest = EventNames.ManifestOf(name);
        var opened = ReadOnlyMemory<byte>.Empty;
        if (!payload.IsEmpty && key is not null)
        {
            opened = Room is null ? default : Kept(
                Payload.Opened(buffer.WrittenSpan, EventNames.PayloadMember(manifest), payload, unsealed));
            Payload.Append(buffer, payload, key, stream, sequence, nonce);
        }

        proof.End(buffer, stream, sequence, manifest);
        return new EncodedEvent(manifest, Kept(buffer.WrittenSpan), opened);
    }

    private ReadOnlyMemory<byte> Kept(ReadOnlySpan<byte> message) => Room?.Keep(message) ?? message.ToArray();
}
