using System.Buffers.Text;

namespace Audit.Node.CommandLine.Operating;

/// <summary>Writes the book to the standard output: from a node, or from its store where none runs.</summary>
internal sealed class BookOutput(Surroundings surroundings, BookPlace place)
{
    private readonly StreamOutput output = new(surroundings);

    /// <param name="wanted">What the API's parameters of the same names narrow.</param>
    public async Task RunAsync(IReadOnlyDictionary<string, string> wanted, CancellationToken cancellation)
    {
        var request = ExportRequest.Read(
            wanted.GetValueOrDefault, (name, sentence) => throw CommandException.WrongUse($"--{name}: {sentence}"),
            ReadScope.All);
        // A bar and lines of data on one terminal would write over each other.
        var bars = surroundings with { ErrorIsTerminal = surroundings.ErrorIsTerminal && !surroundings.OutIsTerminal };
        try
        {
            using var client = await place.TryFindNodeAsync(cancellation);
            await Bar.ShowAsync(bars, "rows read", bar => client is null
                ? FromStoreAsync(request, bar, cancellation)
                : output.CopyAsync(
                    client, NodeClient.PathOf("v1/export", [.. wanted.Select(one => (one.Key, (string?)one.Value))]),
                    "its book", bar, cancellation));
        }
        catch (TooManyCallsException tooMany)
        {
            throw CommandException.Failed(tooMany.Message);
        }

        surroundings.Out.Flush();
    }

    private async Task FromStoreAsync(ExportRequest request, IProgress<Passed>? bar, CancellationToken cancellation)
    {
        var options = place.RequireStore();
        await using var store = await AuditStore.OpenAsync(
            options.Store, options.OpenRowKeys, cancellation);
        // Whoever can open the store can read all of it.
        var reader = new RowFilter(ReadScope.All, withAdministration: true);
        if (request is { Window: { } name } && !WindowIds.IsOne(name))
        {
            request = request with
            {
                Window = request.Source is { } source
                    ? WindowIds.Of(store.Hasher, source, isSource: true, name)
                    : throw CommandException.WrongUse(
                        "--window: where no node runs a window is named by its id, or by its name with --source."),
            };
        }

        var away = await new JournalExport(store.Opened, store.Seal.Payloads, request, reader).RunAsync(
            piece =>
            {
                output.Write(piece.Span);
                return ValueTask.CompletedTask;
            },
            (position, last) => bar?.Report(new Passed(position, last)), cancellation);
        output.RequireWhole(away is null);
    }
}

/// <summary>Writes what a node gives as a stream to the standard output.</summary>
internal sealed class StreamOutput(Surroundings surroundings)
{
    private const int PieceLength = 64 << 10, LongestEnd = 4 << 10;

    private readonly Decoder decoder = Encoding.UTF8.GetDecoder();

    /// <param name="what">What the node gives, for a sentence of its failure.</param>
    public async Task CopyAsync(
        NodeClient client, string path, string what, IProgress<Passed>? bar, CancellationToken cancellation)
    {
        using var answer = await client.RequireAsync(HttpMethod.Get, path, cancellation);
        var last = answer.Headers.TryGetValues(ExportEndpoint.LastPosition, out var end)
            && long.TryParse(end.First(), out var position)
            ? position
            : 0;
        try
        {
            await using var body = await answer.Content.ReadAsStreamAsync(cancellation);
            var (piece, tail) = (new byte[PieceLength], Array.Empty<byte>());
            while (await body.ReadAsync(piece, cancellation) is > 0 and var read)
            {
                Write(piece.AsSpan(0, read));
                tail = read >= LongestEnd
                    ? piece[(read - LongestEnd)..read] : [.. tail.TakeLast(LongestEnd), .. piece.AsSpan(0, read)];
                if (PositionOf(piece.AsSpan(0, read)) is { } passed)
                {
                    bar?.Report(new Passed(passed, last));
                }
            }

            RequireWhole(!answer.TrailingHeaders.Contains(ExportEndpoint.Stopped) && !SaysStopped(tail));
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            throw CommandException.Failed($"{client.Server} broke off while it gave {what}: {failure.Message}");
        }
    }

    public void RequireWhole(bool isWhole)
    {
        if (!isWhole)
        {
            surroundings.Out.Flush();
            throw CommandException.Failed(
                "It could not be read to its end; the last line of what was given says why.");
        }
    }

    public void Write(ReadOnlySpan<byte> piece)
    {
        var characters = new char[decoder.GetCharCount(piece, flush: false)];
        decoder.GetChars(piece, characters, flush: false);
        var text = new string(characters);
        surroundings.Out.Write(surroundings.OutIsTerminal ? Printable(text) : text);
    }

    /// <summary>What an agent wrote must not move the cursor of the one who reads it.</summary>
    private static string Printable(string text) =>
        string.Join('\n', text.Replace("\r\n", "\n").Split('\n').Select(PrintableText.Of));

    /// <summary>Whether the last line is the one that says why there is no more: HTTP/1.1 brings no trailer.</summary>
    private static bool SaysStopped(byte[] end)
    {
        var line = Encoding.UTF8.GetString(end).TrimEnd().Split('\n')[^1];
        return line.StartsWith("{\"status\":\"stopped\",", StringComparison.Ordinal)
            || (line.StartsWith("],\"count\":", StringComparison.Ordinal) && line.Contains(",\"complete\":false,"))
            || line.TrimStart([.. "0123456789"]).StartsWith(",,,,,,,,export.stopped,", StringComparison.Ordinal);
    }

    /// <summary>The position with which the last line of a piece begins, as far as lines begin with theirs.</summary>
    private static long? PositionOf(ReadOnlySpan<byte> piece)
    {
        var end = piece.LastIndexOf((byte)'\n');
        if (end < 0)
        {
            return null;
        }

        var line = piece[..end];
        line = line[(line.LastIndexOf((byte)'\n') + 1)..];
        var name = "{\"position\":"u8;
        line = line.StartsWith(name) ? line[name.Length..] : line;
        return Utf8Parser.TryParse(line, out long position, out var length)
            && length < line.Length && line[length] == ','
            ? position
            : null;
    }
}
