using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Audit.Lifecycle.Records;

namespace Audit.Lifecycle.Json;

/// <summary>
/// Reads one JSON value more strictly than the framework does: valid UTF-8, no lone surrogates in escapes, no key
/// twice in an object, at most 64 deep. What passes here can be read by every consumer for ever; a value that only some
/// readers accept would be acknowledged first and stop a projection later.
/// </summary>
public ref struct StrictJsonReader
{
    public const int MaxDepth = 64;
    private const int ComparedOneByOne = 32;

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
    /// Looks ahead, checking nothing, for the string that a member of the object begun here holds; null where it finds none.
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
    public readonly string GetName() => json.ValueIsEscaped ? GetString() : RepeatedNames.Of(json.ValueSpan);

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
        while (at < text.Length && Rune.DecodeFromUtf8(text[at..], out _, out var length) == System.Buffers.OperationStatus.Done)
        {
            at += length;
        }

        return at;
    }

    /// <summary>The keys seen in each of the objects that are open.</summary>
    private struct ObjectKeys
    {
        private Key[]? seen;
        private int[]? starts;
        private HashSet<string>?[]? large;
        private int count;
        private int depth;

        public ObjectKeys()
        {
            (seen, starts) = ThreadBuffers.Rent();
        }

        public void Enter()
        {
            if (depth < starts!.Length)
            {
                starts[depth] = count;
                if (large is not null)
                {
                    large[depth] = null;
                }
            }

            depth++;
        }

        public void Leave()
        {
            depth--;
            count = starts![depth];
        }

        public bool Add(ReadOnlySpan<byte> source, int start, int length, bool escaped)
        {
            var level = depth - 1;
            var name = source.Slice(start, length);
            if (large?[level] is { } set)
            {
                return set.Add(Decode(name, escaped));
            }

            var key = escaped ? new Key(start, length, 0, true) : new Key(start, length, Sample(name), false);
            for (var index = starts![level]; index < count; index++)
            {
                if (Same(source, seen![index], key))
                {
                    return false;
                }
            }

            if (count - starts[level] == ComparedOneByOne)
            {
                // Of this reader alone: a second one on the same thread must not find the names that another collected.
                large ??= new HashSet<string>?[starts.Length];
                return (large[level] = CollectNames(source, level)).Add(Decode(name, escaped));
            }

            if (count == seen!.Length)
            {
                Array.Resize(ref seen, count * 2);
            }

            seen[count++] = key;
            return true;
        }

        private readonly HashSet<string> CollectNames(ReadOnlySpan<byte> source, int level)
        {
            var names = new HashSet<string>(StringComparer.Ordinal);
            for (var index = starts![level]; index < count; index++)
            {
                names.Add(Decode(source.Slice(seen![index].Start, seen[index].Length), seen[index].Escaped));
            }

            return names;
        }

        private static bool Same(ReadOnlySpan<byte> source, Key one, Key other)
        {
            if (one.Escaped || other.Escaped)
            {
                return Decode(source.Slice(one.Start, one.Length), one.Escaped)
                    == Decode(source.Slice(other.Start, other.Length), other.Escaped);
            }

            return one.Sample == other.Sample && one.Length == other.Length
                && source.Slice(one.Start, one.Length).SequenceEqual(source.Slice(other.Start, other.Length));
        }

        private static string Decode(ReadOnlySpan<byte> name, bool escaped)
        {
            if (!escaped)
            {
                return Encoding.UTF8.GetString(name);
            }

            var quoted = new byte[name.Length + 2];
            quoted[0] = quoted[^1] = (byte)'"';
            name.CopyTo(quoted.AsSpan(1));
            var reader = new Utf8JsonReader(quoted);
            reader.Read();
            return reader.GetString()!;
        }

        /// <summary>A few bytes of the name, enough to tell most names apart without comparing them.</summary>
        private static int Sample(ReadOnlySpan<byte> name) =>
            name.IsEmpty ? 0 : name[0] | (name[^1] << 8) | (name[name.Length / 2] << 16);

        public readonly record struct Key(int Start, int Length, int Sample, bool Escaped);
    }

    private static class ThreadBuffers
    {
        [ThreadStatic] private static (ObjectKeys.Key[], int[])? buffers;

        public static (ObjectKeys.Key[], int[]) Rent() => buffers ??= (new ObjectKeys.Key[256], new int[MaxDepth + 8]);
    }
}
