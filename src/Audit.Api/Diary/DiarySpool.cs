namespace Audit.Api.Diary;

/// <summary>A read that waits to be written down.</summary>
internal sealed record SpooledRead(Timestamp At, string Act, string Reader, ReadOnlyMemory<byte> Detail);

/// <summary>
/// The file of a node's reads that the journal did not take: for its owner alone, on disk before an answer is given.
/// </summary>
internal sealed class DiarySpool(string path)
{
    private const int AtOnce = 200;

    private readonly Lock gate = new();
    private readonly string entering = path + ".entering";
    private int waiting = File.Exists(path) || File.Exists(path + ".entering") ? 1 : 0;

    public bool IsEmpty => Volatile.Read(ref waiting) == 0;

    public void Add(SpooledRead read)
    {
        lock (gate)
        {
            OwnerOnly.MakeFile(path);
            using var file = new FileStream(path, FileMode.Append, FileAccess.Write);
            file.Write(Line(read));
            file.Flush(flushToDisk: true);
            Volatile.Write(ref waiting, 1);
        }
    }

    /// <summary>Gives all that waits to who enters it; what was not taken stays.</summary>
    public async Task EmptyAsync(Func<IReadOnlyList<SpooledRead>, Task<bool>> enter)
    {
        if (IsEmpty)
        {
            return;
        }

        while (TakeFile())
        {
            // A line that a crash cut was of a read that was not answered.
            var lines = (await File.ReadAllLinesAsync(entering)).Where(line => line.EndsWith('}'));
            foreach (var some in lines.Select(Read).Chunk(AtOnce))
            {
                if (!await enter(some))
                {
                    return;
                }
            }

            File.Delete(entering);
        }
    }

    /// <summary>Puts aside what waits, so that others can go on adding.</summary>
    private bool TakeFile()
    {
        lock (gate)
        {
            if (!File.Exists(entering) && File.Exists(path))
            {
                OwnerOnly.Move(path, entering);
            }

            var isThere = File.Exists(entering);
            Volatile.Write(ref waiting, isThere ? 1 : 0);
            return isThere;
        }
    }

    private static byte[] Line(SpooledRead read)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("at", read.At.ToString());
            json.WriteString("act", read.Act);
            json.WriteString("reader", read.Reader);
            json.WritePropertyName("detail");
            json.WriteRawValue(read.Detail.Span);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    private static SpooledRead Read(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.TryGetProperty("at", out var at) && Rfc3339.TryParse(at.ToString(), out var time)
                && json.RootElement.TryGetProperty("act", out var act)
                && json.RootElement.TryGetProperty("reader", out var reader)
                && json.RootElement.TryGetProperty("detail", out var detail)
                ? new SpooledRead(time, act.ToString(), reader.ToString(), Encoding.UTF8.GetBytes(detail.GetRawText()))
                : throw new InvalidDataException("A line of the file of the diary lacks a member.");
        }
        catch (JsonException wrong)
        {
            throw new InvalidDataException($"A line of the file of the diary cannot be read: {wrong.Message}", wrong);
        }
    }
}
