using System.Security.Cryptography;
using System.Text.Encodings.Web;
using Audit.Api.Instruments;
using Audit.Api.Log;

namespace Audit.Api.Intake;

/// <summary>Writes receipts as JSON into one buffer that is used again.</summary>
internal sealed class ReceiptWriter : IDisposable
{
    private static readonly JavaScriptEncoder Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
    private static readonly JsonEncodedText Index = Encode("index");
    private static readonly JsonEncodedText Status = Encode("status");
    private static readonly JsonEncodedText Position = Encode("position");
    private static readonly JsonEncodedText Sequence = Encode("sequence");
    private static readonly JsonEncodedText Sha256 = Encode("sha256");
    private static readonly JsonEncodedText State = Encode("state");
    private static readonly JsonEncodedText Attempt = Encode("attempt");
    private static readonly JsonEncodedText AnomaliesName = Encode("anomalies");
    private static readonly JsonEncodedText[] StatusWords =
        [.. Enum.GetNames<ReceiptStatus>().Select(name => Encode(name.ToLowerInvariant()))];

    private readonly ArrayBufferWriter<byte> buffer;
    private readonly Utf8JsonWriter json;
    private readonly Dictionary<string, int> givenHashes = [];
    private SignedCheckpoint? written;

    public ReceiptWriter(int firstBytes)
    {
        buffer = new ArrayBufferWriter<byte>(firstBytes);
        json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = Encoder, SkipValidation = true });
    }

    public ReadOnlyMemory<byte> Written => buffer.WrittenMemory;

    public static string WordOf(ReceiptStatus status) => StatusWords[(int)status].ToString();

    public void Clear() => buffer.ResetWrittenCount();

    /// <summary>Begins another answer, which has to have all by which its proofs are checked.</summary>
    public void Begin()
    {
        Clear();
        written = null;
    }

    public void Write(byte character)
    {
        buffer.GetSpan(1)[0] = character;
        buffer.Advance(1);
    }

    public void Write(ReadOnlySpan<byte> text) => buffer.Write(text);

    public void Write(long index, Receipt receipt, SealedUpTo known, string? windowId = null)
    {
        json.WriteStartObject();
        json.WriteNumber(Index, index);
        json.WriteString(Status, StatusWords[(int)receipt.Status]);
        if (windowId is not null)
        {
            json.WriteString("window_id"u8, windowId);
        }

        if (receipt.Position > 0)
        {
            WriteWritten(receipt);
            if (known.IsAsked)
            {
                json.WriteBoolean("sealed"u8, known.Covers(receipt));
            }

            if (known.IsHalted)
            {
                json.WriteString("log"u8, "halted"u8);
            }

            if (known.Proofs is { Checkpoint: { } checkpoint } proofs
                && proofs.Places.TryGetValue(receipt.Position, out var place))
            {
                WriteProof(place, checkpoint);
            }
        }
        else
        {
            json.WriteString("error"u8, receipt.Error);
            if (receipt.Status == ReceiptStatus.Unavailable)
            {
                json.WriteNumber("retry_after"u8, Problem.SecondsOfUnavailable);
            }

            if (receipt.Line > 0)
            {
                json.WriteNumber("line"u8, receipt.Line);
            }
        }

        json.WriteEndObject();
        End();
    }

    /// <summary>Writes an array of receipts, and counts them.</summary>
    public void WriteAll(List<Receipt> receipts, SealedUpTo known, ReceiptCounts counts)
    {
        Write((byte)'[');
        for (var index = 0; index < receipts.Count; index++)
        {
            if (index > 0)
            {
                Write((byte)',');
            }

            Write(index, receipts[index], known);
            counts.Add(receipts[index]);
        }

        Write((byte)']');
    }

    /// <summary>What of a stream of another system concerns no call and no session.</summary>
    /// <param name="format">Of the stream, where it was told by the events.</param>
    public void WriteIgnored(long count, IEnumerable<KeyValuePair<string, long>> types, string? format)
    {
        json.WriteStartObject();
        json.WriteString(Status, "ignored"u8);
        json.WriteNumber("count"u8, count);
        json.WriteStartObject("types"u8);
        foreach (var (type, ofType) in types)
        {
            json.WriteNumber(type, ofType);
        }

        json.WriteEndObject();
        if (format is not null)
        {
            json.WriteString("format"u8, format);
        }

        json.WriteEndObject();
        End();
    }

    /// <summary>What is signed over the receipts before it.</summary>
    public void WriteSignature(string note, CertificateAnswer certificate)
    {
        json.WriteStartObject();
        json.WriteString(Status, "signed"u8);
        json.WriteString("note"u8, note);
        json.WritePropertyName("certificate"u8);
        JsonSerializer.Serialize(json, certificate, WireJson.Plain.CertificateAnswer);
        json.WriteEndObject();
        End();
    }

    /// <summary>The last line of a stream that ends before its body does.</summary>
    public void WriteStopped(long nextIndex, int? retryAfter, string error)
    {
        json.WriteStartObject();
        json.WriteString(Status, "stopped"u8);
        json.WriteNumber("next_index"u8, nextIndex);
        if (retryAfter is { } seconds)
        {
            json.WriteNumber("retry_after"u8, seconds);
        }
        else
        {
            // Sending the same again would end the same.
            json.WriteNull("retry_after"u8);
        }

        json.WriteString("error"u8, error);
        json.WriteEndObject();
        End();
    }

    public void WriteCounts(ReadOnlySpan<long> counts)
    {
        json.WriteStartObject();
        json.WriteStartObject("counts"u8);
        for (var status = ReceiptStatus.Recorded; status <= ReceiptStatus.Unavailable; status++)
        {
            if (status <= ReceiptStatus.Invalid || counts[(int)status] > 0)
            {
                json.WriteNumber(StatusWords[(int)status], counts[(int)status]);
            }
        }

        json.WriteEndObject();
        json.WriteEndObject();
        End();
    }

    public void Dispose() => json.Dispose();

    private void WriteWritten(Receipt receipt)
    {
        json.WriteNumber(Position, receipt.Position);
        json.WriteNumber(Sequence, receipt.Sequence);
        if (!receipt.Sha256.IsEmpty)
        {
            WriteHash(receipt.Sha256);
        }

        if (receipt.State is { } state)
        {
            json.WriteString(State, state);
        }

        if (receipt.Attempt > 0 || receipt.Anomalies != Anomalies.None)
        {
            json.WriteNumber(Attempt, receipt.Attempt);
            WriteAnomalies(receipt);
        }

        if (receipt.Status == ReceiptStatus.Violation)
        {
            json.WriteString("message"u8, receipt.Message);
            json.WriteString("reason"u8, receipt.Reason);
        }

        if (receipt.Error is { } wrong)
        {
            json.WriteString("error"u8, wrong);
        }
    }

    private void WriteHash(in MessageHash sha256)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        sha256.CopyTo(hash);
        Span<byte> hex = stackalloc byte[2 * SHA256.HashSizeInBytes];
        Convert.TryToHexStringLower(hash, hex, out _);
        json.WriteString(Sha256, hex);
    }

    /// <summary>
    /// The checkpoint stands with the first receipt that is proven under it. A hash is given once and then by its
    /// number among those that were given under this checkpoint, for neighbours share most of theirs.
    /// </summary>
    private void WriteProof(ProofPlace place, SignedCheckpoint checkpoint)
    {
        json.WriteStartObject("proof"u8);
        json.WriteNumber(Index, place.Index);
        json.WriteString("entry"u8, place.Entry);
        if (written?.Checkpoint != checkpoint.Checkpoint)
        {
            json.WriteString("checkpoint"u8, checkpoint.ToString());
            written = checkpoint;
            givenHashes.Clear();
        }

        json.WriteStartArray("hashes"u8);
        foreach (var hash in place.Hashes.Select(Convert.ToBase64String))
        {
            if (givenHashes.TryAdd(hash, givenHashes.Count))
            {
                json.WriteStringValue(hash);
            }
            else
            {
                json.WriteNumberValue(givenHashes[hash]);
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WriteAnomalies(Receipt receipt)
    {
        if (receipt.Anomalies == Anomalies.None && receipt.Status != ReceiptStatus.Recorded)
        {
            return;
        }

        json.WriteStartArray(AnomaliesName);
        if (receipt.Anomalies != Anomalies.None)
        {
            foreach (var anomaly in Words.Of(receipt.Anomalies))
            {
                json.WriteStringValue(anomaly);
            }
        }

        json.WriteEndArray();
    }

    private void End()
    {
        json.Flush();
        json.Reset();
    }

    private static JsonEncodedText Encode(string text) => JsonEncodedText.Encode(text, Encoder);
}
