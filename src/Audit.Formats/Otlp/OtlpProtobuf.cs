using System.Buffers.Binary;
using System.Text.Encodings.Web;

namespace Audit.Formats.Otlp;

/// <summary>What OpenTelemetry sends, by the end of the path to which it is sent.</summary>
public enum OtlpSignal : byte
{
    Traces,
    Logs,
    Metrics,
}

/// <summary>
/// Writes a request for export that came in OTLP's protobuf as OTLP's JSON, so that there is one reader for both. Only
/// what that reader asks for is written; the rest is looked at as far as its length.
/// </summary>
public static class OtlpProtobuf
{
    private const int MostDepth = 32, MostRefused = 10_000;

    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = 4 * MostDepth,
    };

    /// <param name="refused">
    /// Is told what is wrong with spans and log records that are damaged: they alone are left out.
    /// </param>
    /// <exception cref="UnreadableException">It is no such request; the message says where.</exception>
    public static ReadOnlyMemory<byte> ToJson(
        ReadOnlySpan<byte> request, OtlpSignal signal, ICollection<string> refused)
    {
        var buffer = new ArrayBufferWriter<byte>(Math.Max(256, 2 * request.Length));
        using var json = new Utf8JsonWriter(buffer, Options);
        Write(
            json, request, signal == OtlpSignal.Logs ? OtlpMessages.LogsRequest : OtlpMessages.TracesRequest, 0,
            refused);
        json.Flush();
        return buffer.WrittenMemory;
    }

    private static void Write(
        Utf8JsonWriter json, ReadOnlySpan<byte> bytes, OtlpMessage message, int depth, ICollection<string> refused)
    {
        json.WriteStartObject();
        foreach (var field in message.Fields)
        {
            Write(json, bytes, message, field, depth, refused);
        }

        json.WriteEndObject();
    }

    /// <summary>What the JSON has in one place may stand anywhere in the message.</summary>
    private static void Write(
        Utf8JsonWriter json, ReadOnlySpan<byte> bytes, OtlpMessage message, OtlpField field, int depth,
        ICollection<string> refused)
    {
        var isOpen = false;
        for (var wire = new WireReader(bytes, message.Name); wire.Next();)
        {
            if (wire.Number != field.Number)
            {
                continue;
            }

            if (isOpen && !field.IsRepeated)
            {
                throw new UnreadableException($"{message.Name}.{field.Name}", "stands twice");
            }

            if (!isOpen)
            {
                json.WritePropertyName(field.Name);
                if (field.IsRepeated)
                {
                    json.WriteStartArray();
                }
            }

            isOpen = true;
            wire.Require(field);
            Write(json, wire, field, depth, refused);
        }

        if (isOpen && field.IsRepeated)
        {
            json.WriteEndArray();
        }
    }

    /// <summary>Written apart, and to the others only when it is whole.</summary>
    private static void WriteRecord(
        Utf8JsonWriter json, ReadOnlySpan<byte> bytes, OtlpMessage message, int depth, ICollection<string> refused)
    {
        var buffer = new ArrayBufferWriter<byte>(Math.Max(256, 2 * bytes.Length));
        using var apart = new Utf8JsonWriter(buffer, Options);
        try
        {
            Write(apart, bytes, message, depth, refused);
            apart.Flush();
            json.WriteRawValue(buffer.WrittenSpan, skipInputValidation: true);
        }
        catch (UnreadableException unreadable)
        {
            refused.Add(refused.Count < MostRefused ? unreadable.Message : throw new UnreadableException(
                "", $"more than {MostRefused} spans or log records of the request are damaged"));
        }
    }

    private static void Write(
        Utf8JsonWriter json, in WireReader wire, OtlpField field, int depth, ICollection<string> refused)
    {
        switch (field.Kind)
        {
            case OtlpKind.Message when depth >= MostDepth && field.Message!().Name == OtlpMessages.ValueName:
                // What lies deeper stays the bytes that it is: no call is lost for the depth of a neighbour.
                json.WriteStartObject();
                json.WriteBase64String("bytesValue", wire.Bytes);
                json.WriteEndObject();
                break;
            case OtlpKind.Message when field.Message!().IsRecord:
                WriteRecord(json, wire.Bytes, field.Message!(), depth + 1, refused);
                break;
            case OtlpKind.Message:
                Write(json, wire.Bytes, field.Message!(), depth + 1, refused);
                break;
            case OtlpKind.Text:
                // What is not UTF-8 is replaced: no tool keeps a batch of calls from the book by what it prints.
                json.WriteStringValue(Encoding.UTF8.GetString(wire.Bytes));
                break;
            case OtlpKind.Id:
                json.WriteStringValue(Convert.ToHexStringLower(wire.Bytes));
                break;
            case OtlpKind.Bytes:
                json.WriteBase64StringValue(wire.Bytes);
                break;
            case OtlpKind.Nanoseconds:
                json.WriteStringValue(wire.Value.ToString(CultureInfo.InvariantCulture));
                break;
            case OtlpKind.Whole:
                json.WriteStringValue(((long)wire.Value).ToString(CultureInfo.InvariantCulture));
                break;
            case OtlpKind.Flag:
                json.WriteBooleanValue(wire.Value != 0);
                break;
            case OtlpKind.Choice:
                json.WriteNumberValue((int)wire.Value);
                break;
            case OtlpKind.Double when BitConverter.UInt64BitsToDouble(wire.Value) is var number
                && double.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            default:
                // JSON has no numbers for these, and OTLP writes their names.
                json.WriteStringValue(
                    BitConverter.UInt64BitsToDouble(wire.Value).ToString(CultureInfo.InvariantCulture));
                break;
        }
    }
}

/// <summary>The answers of the protocol in protobuf.</summary>
public static class OtlpAnswers
{
    /// <summary>An answer to a request for export of which not all was taken.</summary>
    public static byte[] PartialSuccess(long rejected, string error) =>
        Field(1, [.. Number(1, (ulong)rejected), .. Text(2, error)]);

    /// <summary>What is said of an error.</summary>
    public static byte[] Status(string message) => Text(2, message);

    private static byte[] Text(int number, string text) => Field(number, Encoding.UTF8.GetBytes(text));

    private static byte[] Field(int number, byte[] content) =>
        [.. Varint((ulong)number << 3 | WireReader.Length), .. Varint((ulong)content.Length), .. content];

    private static byte[] Number(int number, ulong value) => [.. Varint((ulong)number << 3), .. Varint(value)];

    private static IEnumerable<byte> Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            yield return (byte)(value | 0x80);
        }

        yield return (byte)value;
    }
}

internal enum OtlpKind : byte
{
    Message,
    Text,
    Id,
    Bytes,
    Nanoseconds,
    Whole,
    Flag,
    Choice,
    Double,
}

/// <param name="Message">Of what its content is, where that is a message; some hold themselves.</param>
internal sealed record OtlpField(
    int Number, string Name, OtlpKind Kind, Func<OtlpMessage>? Message = null, bool IsRepeated = false)
{
    public int WireType => Kind switch
    {
        OtlpKind.Nanoseconds or OtlpKind.Double => WireReader.Fixed64,
        OtlpKind.Whole or OtlpKind.Flag or OtlpKind.Choice => WireReader.Varint,
        _ => WireReader.Length,
    };
}

/// <summary>A message of the protocol, as far as it is read.</summary>
/// <param name="IsRecord">What is wrong with it is wrong with it alone.</param>
internal sealed record OtlpMessage(string Name, OtlpField[] Fields, bool IsRecord = false);

/// <summary>The messages of opentelemetry-proto 1, with their numbers.</summary>
internal static class OtlpMessages
{
    public const string ValueName = "value";

    private static readonly OtlpMessage Value = new(ValueName,
    [
        new(1, "stringValue", OtlpKind.Text), new(2, "boolValue", OtlpKind.Flag),
        new(3, "intValue", OtlpKind.Whole), new(4, "doubleValue", OtlpKind.Double),
        new(5, "arrayValue", OtlpKind.Message, () => Array!), new(6, "kvlistValue", OtlpKind.Message, () => List!),
        new(7, "bytesValue", OtlpKind.Bytes),
    ]);

    private static readonly OtlpMessage Attribute = new("attribute",
        [new(1, "key", OtlpKind.Text), new(2, "value", OtlpKind.Message, () => Value)]);

    private static readonly OtlpMessage Array = new("arrayValue", [Many(1, "values", () => Value)]);
    private static readonly OtlpMessage List = new("kvlistValue", [Many(1, "values", () => Attribute)]);
    private static readonly OtlpMessage Resource = new("resource", [Many(1, "attributes", () => Attribute)]);
    private static readonly OtlpMessage Scope = new("scope",
        [new(1, "name", OtlpKind.Text), new(2, "version", OtlpKind.Text)]);

    private static readonly OtlpMessage Status = new("status",
        [new(2, "message", OtlpKind.Text), new(3, "code", OtlpKind.Choice)]);

    private static readonly OtlpMessage Span = new("span",
    [
        new(1, "traceId", OtlpKind.Id), new(2, "spanId", OtlpKind.Id), new(4, "parentSpanId", OtlpKind.Id),
        new(5, "name", OtlpKind.Text), new(7, "startTimeUnixNano", OtlpKind.Nanoseconds),
        new(8, "endTimeUnixNano", OtlpKind.Nanoseconds), Many(9, "attributes", () => Attribute),
        new(15, "status", OtlpKind.Message, () => Status),
    ], IsRecord: true);

    private static readonly OtlpMessage LogRecord = new("logRecord",
    [
        new(1, "timeUnixNano", OtlpKind.Nanoseconds), new(11, "observedTimeUnixNano", OtlpKind.Nanoseconds),
        new(5, "body", OtlpKind.Message, () => Value), Many(6, "attributes", () => Attribute),
        new(9, "traceId", OtlpKind.Id), new(10, "spanId", OtlpKind.Id), new(12, "eventName", OtlpKind.Text),
    ], IsRecord: true);

    public static OtlpMessage TracesRequest { get; } = Request("resourceSpans", "scopeSpans", "spans", Span);

    public static OtlpMessage LogsRequest { get; } = Request("resourceLogs", "scopeLogs", "logRecords", LogRecord);

    private static OtlpMessage Request(string ofResources, string ofScopes, string name, OtlpMessage one)
    {
        var ofScope = new OtlpMessage(ofScopes,
            [new(1, "scope", OtlpKind.Message, () => Scope), Many(2, name, () => one)]);
        var ofResource = new OtlpMessage(ofResources,
            [new(1, "resource", OtlpKind.Message, () => Resource), Many(2, ofScopes, () => ofScope)]);
        return new OtlpMessage("request", [Many(1, ofResources, () => ofResource)]);
    }

    private static OtlpField Many(int number, string name, Func<OtlpMessage> message) =>
        new(number, name, OtlpKind.Message, message, IsRepeated: true);
}

/// <summary>Goes through the fields of a message of protobuf, one after the other.</summary>
internal ref struct WireReader(ReadOnlySpan<byte> message, string name)
{
    public const int Varint = 0, Fixed64 = 1, Length = 2, Fixed32 = 5;

    private const int LongestVarint = 10;

    private readonly ReadOnlySpan<byte> message = message;
    private int at;

    public int Number { get; private set; }

    public int Type { get; private set; }

    /// <summary>Of a field of no length of its own.</summary>
    public ulong Value { get; private set; }

    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <exception cref="UnreadableException">What follows is no field.</exception>
    public bool Next()
    {
        if (at == message.Length)
        {
            return false;
        }

        var tag = ReadVarint();
        (Number, Type) = tag >> 3 is > 0 and < 1 << 29 ? ((int)(tag >> 3), (int)(tag & 7)) : throw Damaged("no field");
        switch (Type)
        {
            case Varint:
                Value = ReadVarint();
                break;
            case Fixed64:
                Value = BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));
                break;
            case Length:
                Bytes = Take(ReadVarint());
                break;
            case Fixed32:
                Value = BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));
                break;
            default:
                throw Damaged($"a field of wire type {Type}, which OTLP does not use");
        }

        return true;
    }

    public readonly void Require(OtlpField field)
    {
        if (Type != field.WireType)
        {
            throw new UnreadableException(
                $"{name}.{field.Name}", $"of wire type {Type}; this field has wire type {field.WireType}");
        }
    }

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)(message.Length - at))
        {
            throw Damaged($"a field of {length} bytes, of which {message.Length - at} are there");
        }

        var taken = message.Slice(at, (int)length);
        at += (int)length;
        return taken;
    }

    private ulong ReadVarint()
    {
        var value = 0UL;
        for (var index = 0; index < LongestVarint; index++)
        {
            var next = Take(1)[0];
            value |= (ulong)(next & 0x7F) << (7 * index);
            if (next < 0x80)
            {
                return index == LongestVarint - 1 && next > 1 ? throw Damaged("a number of more than 64 bits") : value;
            }
        }

        throw Damaged("a number of more than 64 bits");
    }

    private readonly UnreadableException Damaged(string what) => new(name, $"{what}, before byte {at} of the message");
}
