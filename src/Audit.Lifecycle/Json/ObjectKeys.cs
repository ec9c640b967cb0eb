namespace Audit.Lifecycle.Json;

/// <summary>The keys seen in each of the objects that are open.</summary>
internal struct ObjectKeys
{
    private const int ComparedOneByOne = 32;

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

    /// <summary>A few bytes of the name, enough to distinguish most names without comparing them.</summary>
    private static int Sample(ReadOnlySpan<byte> name) =>
        name.IsEmpty ? 0 : name[0] | (name[^1] << 8) | (name[name.Length / 2] << 16);

    private readonly record struct Key(int Start, int Length, int Sample, bool Escaped);

    private static class ThreadBuffers
    {
        [ThreadStatic] private static (Key[], int[])? buffers;

        public static (Key[], int[]) Rent() => buffers ??= (new Key[256], new int[StrictJsonReader.MaxDepth + 8]);
    }
}
