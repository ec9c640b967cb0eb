using System.IO.Pipelines;

namespace Audit.Node.CommandLine.Ingest;

/// <summary>`audit ingest [FORMAT] FILE|-`, and `audit ingest --formats`.</summary>
internal static class IngestCommand
{
    private static readonly string Formats = string.Join(", ", FormatReaders.Names.Prepend(FormatReaders.Auto));

    private static readonly Column<FormatInfo>[] Shown =
    [
        new("format", format => format.Name), new("what", format => format.What, IsWhole: true),
        new("standing", format => format.Standing, IsWhole: true),
    ];

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command("ingest", "Sends records to a node and reports what became of them.");
        var input = command.Declare(new Argument<string[]>("input")
        {
            HelpName = "[FORMAT] FILE|-",
            Description = "NDJSON: an item or a tool audit record a line, or another system's stream, which is told by "
                + $"its first events or named as FORMAT ({Formats}); - reads the standard input",
            Arity = new ArgumentArity(0, 2),
        });
        var formats = command.AddFlag("--formats", "lists the formats, and what each was tried with");
        Option<string>[] whose =
        [
            command.AddText("--session", "ID", "the session of items that name none; needed for bare records"),
            command.AddText("--task", "ID", "the task of items that name none"),
            command.AddText("--agent", "ID", "the agent of items that name none"),
        ];
        var receipts = command.AddText(
            "--receipts", "FILE", "keeps the receipts at the end of a file, for audit verify --receipts");
        var isSealed = command.AddFlag("--sealed", "waits until the log has the records; receipts come with proofs");
        var isSigned = command.AddFlag("--sign", "has the node sign the receipts, which `--receipts` keeps with them");
        var output = command.AddOutput();
        var place = new PlaceSymbols(surroundings, command, GivenOptions.Data);
        command.SetAction(async (parsed, cancellation) =>
        {
            var named = parsed.GetValue(input) ?? [];
            if (parsed.GetValue(formats))
            {
                Output.WriteTable(surroundings, Shown, FormatReaders.All);
                return ExitCode.Fine;
            }

            if (named.Length == 0)
            {
                throw CommandException.WrongUse("Which FILE is to be sent? - is the standard input.");
            }

            var where = place.Read(parsed);
            await using var stream = OpenInput(surroundings, named[^1]);
            var (format, events) = await FirstEvents.LookAsync(
                stream, named.Length == 2 ? RequireFormat(named[0]) : null, cancellation);
            // A stream that names its session last is read to its end first; others go on as they come.
            var ahead = format is not "copilot" || parsed.GetValue(whose[0]) is not null
                ? new SessionAhead(null, events)
                : await SessionAhead.FindAsync(format, events, cancellation);
            await using var lines = ahead.Whole;
            using var client = await where.FindNodeAsync(cancellation);
            await using var kept = OpenReceipts(parsed.GetValue(receipts));
            var report = new IngestReport(surroundings, parsed.GetValue(output), kept);
            if (named.Length == 1 && format is not null)
            {
                report.Note(IngestReport.Recognised(format));
            }

            var headers = whose.Where(one => parsed.GetValue(one) is not null).Select(HeaderOf).Concat(
                parsed.GetValue(isSigned) ? [KeyValuePair.Create("Audit-Sign", "1")] : []).Concat(
                ahead.Session is { } session ? [KeyValuePair.Create("Audit-Session", session)] : []);
            var post = new RecordPost(client, [.. headers]) { WaitsForSeal = parsed.GetValue(isSealed) };
            return await report.FollowAsync(stream, () => format is null
                ? new RecordDelivery(post, report).RunAsync(lines, cancellation)
                : post.SendFormatAsync(format, lines, report, cancellation));

            KeyValuePair<string, string> HeaderOf(Option<string> option) => KeyValuePair.Create(
                $"Audit-{char.ToUpperInvariant(option.Name[2])}{option.Name[3..]}", parsed.GetValue(option)!);
        });
        return command;
    }

    private static string RequireFormat(string name) => name == FormatReaders.Auto || FormatReaders.Names.Contains(name)
        ? name
        : throw CommandException.WrongUse($"The format \"{name}\" is not known; accepted are {Formats}.");

    private static KeptReceipts? OpenReceipts(string? path)
    {
        try
        {
            if (path is not null)
            {
                OwnerOnly.MakeFile(path);
            }

            return path is null ? null : new KeptReceipts(new FileStream(path, FileMode.Append, FileAccess.Write));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw CommandException.WrongUse($"The receipts cannot be kept in \"{path}\": {failure.Message}");
        }
    }

    private static Stream OpenInput(Surroundings surroundings, string path)
    {
        if (path == "-")
        {
            return surroundings.OpenInput();
        }

        try
        {
            return new FileStream(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw CommandException.WrongUse($"The file cannot be read: {failure.Message}");
        }
    }
}

/// <summary>Looks at the beginning of an input: of which format it is, and whether it is one document.</summary>
internal static class FirstEvents
{
    private const int LookedAt = 64 << 10;
    private const int LongestDocument = 64 << 20;

    /// <param name="named">The format that was named; null to tell it by the events.</param>
    /// <returns>The format, null for items of ours, and the events, one a line.</returns>
    public static async Task<(string? Format, Stream Lines)> LookAsync(
        Stream input, string? named, CancellationToken cancellation)
    {
        var reader = PipeReader.Create(input, new StreamPipeReaderOptions(bufferSize: LookedAt, leaveOpen: true));
        var begin = await ReadAsync(reader, LookedAt, isLineEnough: true, cancellation);
        if (!IsDocument(begin))
        {
            var format = named ?? ToldBy(begin);
            if (!input.CanSeek)
            {
                return (format, reader.AsStream());
            }

            input.Position = 0;
            return (format, input);
        }

        var document = await ReadAsync(reader, LongestDocument, isLineEnough: false, cancellation);
        var lines = LinesOf(document) ?? document;
        return (named ?? ToldBy(lines), new MemoryStream(lines));
    }

    private static string? ToldBy(byte[] begin) =>
        FormatGuess.Of(begin) is { } format and not "agent-sdk" ? format : null;

    /// <summary>Up to a whole line, up to so much, or all of it; nothing of it counts as read.</summary>
    private static async Task<byte[]> ReadAsync(
        PipeReader reader, int most, bool isLineEnough, CancellationToken cancellation)
    {
        while (true)
        {
            var read = await reader.ReadAsync(cancellation);
            var isEnough = read.IsCompleted || read.Buffer.Length >= most
                || (isLineEnough && read.Buffer.PositionOf((byte)'\n') is not null);
            if (isEnough)
            {
                var bytes = read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.Start);
                return bytes;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <summary>An array, or an object that its first line does not end.</summary>
    private static bool IsDocument(byte[] begin)
    {
        var end = begin.AsSpan().IndexOf((byte)'\n');
        var line = begin.AsSpan(0, end < 0 ? begin.Length : end).Trim(" \t\r"u8);
        if (line is not ([(byte)'{', ..] or [(byte)'[', ..]))
        {
            return false;
        }

        // What is not closed at its line's end goes on in the next ones, or is broken, which is said when it is read.
        return line[0] == (byte)'[' || line is [(byte)'{'];
    }

    /// <returns>Null where it is no JSON.</returns>
    private static byte[]? LinesOf(byte[] document)
    {
        try
        {
            using var parsed = JsonDocument.Parse(document, new JsonDocumentOptions { MaxDepth = 256 });
            var root = parsed.RootElement;
            var events = root.ValueKind == JsonValueKind.Array ? root.EnumerateArray().AsEnumerable() : [root];
            return Encoding.UTF8.GetBytes(string.Concat(
                events.Select(one => one.GetRawText().Replace('\n', ' ').Replace('\r', ' ') + "\n")));
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
