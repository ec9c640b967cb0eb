namespace Audit.Node.CommandLine.Ingest;

/// <summary>`audit ingest [FORMAT] FILE|-`.</summary>
internal static class IngestCommand
{
    private static readonly string Formats = string.Join(", ", FormatReaders.Names);

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command("ingest", "Sends records to a node and reports what became of them.");
        var input = command.Declare(new Argument<string[]>("input")
        {
            HelpName = "[FORMAT] FILE|-",
            Description = "NDJSON: an item or a tool audit record a line, or with a FORMAT another system's stream "
                + $"({Formats}); - reads the standard input",
            Arity = new ArgumentArity(1, 2),
        });
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
            var where = place.Read(parsed);
            var named = parsed.GetRequiredValue(input);
            var format = named.Length == 2 ? RequireFormat(named[0]) : null;
            await using var given = OpenInput(surroundings, named[^1]);
            var ahead = format is null || parsed.GetValue(whose[0]) is not null
                ? new SessionAhead(null, given)
                : await SessionAhead.FindAsync(format, given, cancellation);
            await using var stream = ahead.Whole;
            using var client = await where.FindNodeAsync(cancellation);
            await using var kept = OpenReceipts(parsed.GetValue(receipts));
            var report = new IngestReport(surroundings, parsed.GetValue(output), kept);
            var headers = whose.Where(one => parsed.GetValue(one) is not null).Select(HeaderOf).Concat(
                parsed.GetValue(isSigned) ? [KeyValuePair.Create("Audit-Sign", "1")] : []).Concat(
                ahead.Session is { } session ? [KeyValuePair.Create("Audit-Session", session)] : []);
            var post = new RecordPost(client, [.. headers]) { WaitsForSeal = parsed.GetValue(isSealed) };
            return await report.FollowAsync(stream, () => format is null
                ? new RecordDelivery(post, report).RunAsync(stream, cancellation)
                : post.SendFormatAsync(format, stream, report, cancellation));

            KeyValuePair<string, string> HeaderOf(Option<string> option) => KeyValuePair.Create(
                $"Audit-{char.ToUpperInvariant(option.Name[2])}{option.Name[3..]}", parsed.GetValue(option)!);
        });
        return command;
    }

    private static string RequireFormat(string name) => FormatReaders.Names.Contains(name)
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
