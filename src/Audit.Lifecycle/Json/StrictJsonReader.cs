using System.Diagnostics.Metrics;
using System.Text.Unicode;
using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Json;

/// <summary>
/// Reads one JSON value more strictly than the framework does: valid UTF-8, no lone surrogates in escapes, no key
/// twice in an object, at most 64 deep. What passes here can be read by every consumer for ever; a value that only some
/// readers accept would be acknowledged first and stop a projection later.
/// </summary>
public ref struct StrictJsonReader
{
    public const int MaxDepth = 64;

    private readonly ReadOnlySpan<byte> source;
    private readonly int maxDepth;
    private Utf8JsonReader json;
    private ObjectKeys keys;
    private long compactLength;

    public StrictJsonReader(ReadOnlySpan<byte> source, int maxDepth = MaxDepth)
    {
        this.source = source;
        this.maxDepth = maxDepth;
        if (!Utf8.IsValid(source))
        {
            throw new UnreadableException("", $"not UTF-8 at byte {FirstInvalidByte(source)}");
        }

        json = new Utf8JsonReader(source, new JsonReaderOptions { MaxDepth = maxDepth + 2 });
        keys = new ObjectKeys();
    }

    public readonly ReadOnlySpan<byte> Source => source;

    public readonly JsonTokenType TokenType => json.TokenType;

    public readonly ReadOnlySpan<byte> ValueSpan => json.ValueSpan;

    public readonly bool ValueIsEscaped => json.ValueIsEscaped;

    public readonly int TokenStart => (int)json.TokenStartIndex;

    public readonly int TokenEnd => (int)json.BytesConsumed;

    /// <summary>How many bytes the tokens up to here would take with no whitespace between them.</summary>
    public readonly long CompactLength => compactLength;

    public readonly bool IsProperty(ReadOnlySpan<byte> name) => json.ValueTextEquals(name);

    /// <exception cref="UnreadableException">The source is not strict JSON; the message says where.</exception>
    public bool Read()
    {
        var before = json.TokenType;
        bool read;
        try
        {
            read = json.Read();
        }
        catch (JsonException exception)
        {
            throw new UnreadableException(JsonPlace.At(source, (int)json.BytesConsumed), Describe(exception));
        }

        if (!read)
        {
            return false;
        }

        Count(before);
        switch (json.TokenType)
        {
            case JsonTokenType.StartObject:
                keys.Enter();
                RefuseTooDeep();
                break;
            case JsonTokenType.StartArray:
                RefuseTooDeep();
                break;
            case JsonTokenType.EndObject:
                keys.Leave();
                break;
            case JsonTokenType.PropertyName:
                RefuseLoneSurrogate();
                if (!keys.Add(source, (int)json.TokenStartIndex + 1, json.ValueSpan.Length, json.ValueIsEscaped))
                {
                    throw Unreadable($"the key \"{json.GetString()}\" stands twice in one object");
                }

                break;
            case JsonTokenType.String:
                RefuseLoneSurrogate();
                break;
        }

        return true;
    }

    /// <summary>Goes past the value that begins at the current token, checking all of it.</summary>
    public void Skip()
    {
        if (json.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
        {
            return;
        }

        var depth = json.CurrentDepth;
        while (Read() && json.CurrentDepth > depth)
        {
        }
    }

    /// <summary>
    /// Looks ahead, checking nothing, for the string that a member of the object begun here holds; null where it
    /// finds none.
    /// </summary>
    public readonly string? PeekString(ReadOnlySpan<byte> member)
    {
        var ahead = json;
        try
        {
            while (ahead.Read() && ahead.TokenType == JsonTokenType.PropertyName)
            {
                var found = ahead.ValueTextEquals(member);
                ahead.Read();
                if (found)
                {
                    return ahead.TokenType == JsonTokenType.String ? ahead.GetString() : null;
                }

                ahead.Skip();
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Whoever reads on comes to the same place and says what is wrong there.
        }

        return null;
    }

    public readonly string GetString() => json.GetString()!;

    /// <summary>As <see cref="GetString"/>, for what many texts have in common.</summary>
    public readonly string GetName() => json.ValueIsEscaped ? GetString() : SharedNames.OfThread.Of(json.ValueSpan);

    public string ReadString()
    {
        Read();
        RequireString();
        return GetString();
    }

    /// <summary>Reads a string that many texts have.</summary>
    public string ReadName()
    {
        Read();
        RequireString();
        return GetName();
    }

    /// <summary>Reads the whole number, not negative, that is the value of the current member.</summary>
    public long ReadCount()
    {
        Read();
        return TryGetInt64(out var count) && count >= 0
            ? count
            : throw Unreadable($"a whole number that is not negative is expected, not {Quote()}");
    }

    public Timestamp ReadTime()
    {
        Read();
        RequireString();
        var read = ValueIsEscaped ? Rfc3339.TryParse(GetString(), out var time) : Rfc3339.TryParse(ValueSpan, out time);
        return read ? time : throw Unreadable($"not an RFC 3339 time: {Quote()}");
    }

    public readonly void RequireString()
    {
        if (json.TokenType != JsonTokenType.String)
        {
            throw Unreadable($"a string is expected, not {Quote()}");
        }
    }

    /// <param name="objectStart">The byte at which the object begins that must have the member.</param>
    public readonly void Require(int objectStart, bool isThere, string member)
    {
        if (!isThere)
        {
            throw Unreadable(objectStart, member, "missing");
        }
    }

    /// <summary>
    /// The current value as a person may see it in an error: short, and by its type where it is not simple.
    /// </summary>
    public readonly string Quote() => json.TokenType switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => $"\"{ShortText.Of(GetString(), ShortText.Quoted)}\"",
        _ => ShortText.Of(Encoding.UTF8.GetString(json.ValueSpan), ShortText.Quoted),
    };

    public readonly bool TryGetInt64(out long value)
    {
        value = 0;
        return json.TokenType == JsonTokenType.Number && json.TryGetInt64(out value);
    }

    /// <summary>The sentence with the place of the current token before it.</summary>
    public readonly UnreadableException Unreadable(string sentence) =>
        new(JsonPlace.At(source, (int)json.TokenStartIndex), sentence);

    /// <summary>The sentence about a member of the object that begins at a byte.</summary>
    public readonly UnreadableException Unreadable(int objectStart, string member, string sentence)
    {
        var path = JsonPlace.PathTo(source, objectStart);
        return new UnreadableException(path.Length == 0 ? member : $"{path}.{member}", sentence);
    }

    private readonly void RefuseTooDeep()
    {
        // The token that opens a value stands outside of it, so the value itself is one deeper.
        if (json.CurrentDepth >= maxDepth)
        {
            throw Unreadable($"nested deeper than {maxDepth}");
        }
    }

    private readonly void RefuseLoneSurrogate()
    {
        if (json.ValueIsEscaped && Surrogates.HasLone(json.ValueSpan))
        {
            throw Unreadable("half of a surrogate pair is not a character");
        }
    }

    private void Count(JsonTokenType before)
    {
        var token = json.TokenType;
        var isEnd = token is JsonTokenType.EndObject or JsonTokenType.EndArray;
        var follows = before is not (JsonTokenType.None or JsonTokenType.PropertyName or JsonTokenType.StartObject
            or JsonTokenType.StartArray);
        compactLength += token switch
        {
            JsonTokenType.PropertyName => json.ValueSpan.Length + 3,
            JsonTokenType.String => json.ValueSpan.Length + 2,
            JsonTokenType.StartObject or JsonTokenType.StartArray => 1,
            JsonTokenType.EndObject or JsonTokenType.EndArray => 1,
            _ => json.ValueSpan.Length,
        };
        compactLength += follows && !isEnd ? 1 : 0;
    }

    private static string Describe(JsonException exception)
    {
        // The framework's sentence ends with its own line and byte counts, which speak of another frame than ours.
        var text = exception.Message;
        var end = text.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return "not JSON: " + (end < 0 ? text : text[..end]);
    }

    private static int FirstInvalidByte(ReadOnlySpan<byte> text)
    {
        var at = 0;
        while (at < text.Length
            && Rune.DecodeFromUtf8(text[at..], out _, out var length) == System.Buffers.OperationStatus.Done)
        {
            at += length;
        }

        return at;
    }
}

/// <summary>
/// What was sent cannot be read. The message is one sentence that begins with the place. It never leaves the reader
/// that
/// threw it other than as the `error` of a receipt or of a problem document.
/// </summary>
public sealed class UnreadableException(string place, string sentence)
    : Exception(place.Length == 0 ? sentence : $"{place}: {sentence}");

/// <summary>
/// Counts what is parsed, for whoever listens: nothing may be parsed twice on its way to one consumer.
/// </summary>
public static class Parsed
{
    public const string MeterName = "Audit.Lifecycle";

    private static readonly Meter Meter = new(MeterName);

    /// <summary>Records by the strict reader of the intake.</summary>
    internal static readonly Counter<long> Records = Meter.CreateCounter<long>("audit.parsed.records");

    /// <summary>Events of which only the beginning was wanted.</summary>
    internal static readonly Counter<long> Heads = Meter.CreateCounter<long>("audit.parsed.heads");

    /// <summary>Events, by their view.</summary>
    internal static readonly Counter<long> Events = Meter.CreateCounter<long>("audit.parsed.events");
}
