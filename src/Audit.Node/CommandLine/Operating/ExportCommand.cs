namespace Audit.Node.CommandLine.Operating;

/// <summary>`audit export --bundle FILE`, or `--format FORMAT` for what others read.</summary>
internal static class ExportCommand
{
    public static Command Make(Surroundings surroundings)
    {
        var command = new Command(
            "export",
            "Writes all that is sealed into one file that can be verified anywhere, "
            + "or the book in a form that others read.");
        var bundle = command.AddText(
            "--bundle", "FILE", "the zip file to write: rows, log, checkpoint, key, and how to check them by hand");
        Option<string>[] parts =
        [
            command.AddText(
                "--format", "FORMAT", $"writes the book to the standard output; accepted are {ExportRequest.Accepted}"),
            command.AddText("--session", "ID", "only this session"),
            command.AddText("--source", "NAME", "only what this source reported"),
            command.AddText("--task", "ID", "only the windows, notes and calls of this task"),
            command.AddText("--window", "ID", "only this window and what was done in it"),
            command.AddText("--after", "POSITION|TIME", "only what is after"),
            command.AddText("--before", "POSITION|TIME", "only what is before"),
            command.AddText(
                "--keys", "true", "with ndjson: each row as it is stored too, and the key of its call, which opens it"),
        ];
        var symbols = new PlaceSymbols(
            surroundings, command, GivenOptions.Store, GivenOptions.Data, GivenOptions.RowKey);
        command.SetAction(async (parsed, cancellation) =>
        {
            var place = symbols.Read(parsed);
            var wanted = parts.Where(part => parsed.GetValue(part) is not null)
                .ToDictionary(part => part.Name[2..], part => parsed.GetValue(part)!);
            var path = parsed.GetValue(bundle);
            if (path is null ? wanted.Count == 0 : wanted.Keys.Any(name => name is "format" or "after" or "before" or "keys"))
            {
                throw CommandException.WrongUse(
                    "Either --bundle or --format is expected; with --bundle go --session, --source, --task, --window.");
            }

            await (path is not null
                ? ExportBundleAsync(surroundings, place, path, wanted, cancellation)
                : new BookOutput(surroundings, place).RunAsync(wanted, cancellation));
        });
        return command;
    }

    private static async Task ExportBundleAsync(
        Surroundings surroundings, BookPlace place, string path, IReadOnlyDictionary<string, string> wanted,
        CancellationToken cancellation)
    {
        if (path.Length == 0 || Directory.Exists(path))
        {
            throw CommandException.WrongUse($"--bundle \"{path}\" is not accepted; accepted is the path of a file.");
        }

        await LogPlace.Choose(surroundings, place, bundle: null).ExportAsync(path, wanted, cancellation);
        surroundings.Error.WriteLine(
            (wanted.Count == 0 ? "Everything that is sealed" : "What is sealed of it")
            + $" is in {PrintableText.Of(path)}; `audit verify --bundle` verifies it.");
    }
}
