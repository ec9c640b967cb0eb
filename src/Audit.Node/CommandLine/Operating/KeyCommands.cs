using Audit.Integrity.Keeping;
using Audit.Storage.Schemas;

namespace Audit.Node.CommandLine.Operating;

/// <summary>`audit key …`: without a copy, the content is lost with one file.</summary>
internal static class KeyCommands
{
    public static Command Make(Surroundings surroundings) =>
        new("key", "The keys of the rows, which are in no database.")
        {
            MakeNew(surroundings), MakeBackup(surroundings),
        };

    private static Command MakeNew(Surroundings surroundings)
    {
        var command = new Command(
            "make", "Makes a row key for a new store whose nodes all get it with --row-key from their first start on.");
        var file = new Argument<string>("FILE") { Description = "where the key is made; nothing is written over" };
        command.Add(file);
        command.SetAction(parsed => WriteMade(
            path => RowKeys.Create(path), parsed.GetRequiredValue(file), surroundings,
            "Keep a copy apart from the database and its backups: without it nobody can read the content."));
        return command;
    }

    private static Command MakeBackup(Surroundings surroundings)
    {
        var command = new Command("backup", "Copies the row key to a file that is to be kept apart from the store.");
        var file = new Argument<string>("FILE") { Description = "where the copy is made; nothing is written over" };
        command.Add(file);
        var node = new NodeOptionSymbols(command, GivenOptions.Data, GivenOptions.RowKey);
        command.SetAction(parsed =>
        {
            var options = NodeOptionsReader.Read(node.Gather(parsed, surroundings));
            WriteMade(
                path => RowKeys.BackUp(options.RowKeyFile, path, TimeProvider.System.GetUtcNow()),
                parsed.GetRequiredValue(file), surroundings,
                "Keep it apart from the database and its backups: together they show the content.");
        });
        return command;
    }

    private static void WriteMade(Action<string> make, string file, Surroundings surroundings, string advice)
    {
        var path = Path.GetFullPath(file, Path.GetFullPath(surroundings.Directory));
        make(path);
        surroundings.Out.WriteLine(path);
        surroundings.Error.WriteLine(advice);
    }
}

/// <summary>`audit migrate --check`: what this program would do with a store, before it does it.</summary>
internal static class MigrateCommand
{
    private const string About =
        "Says which versions a store's tables have, and what a node of this program would do with them; it changes "
        + "nothing. Exit code 0 when they are opened as they are, 1 when the next start changes them, 2 when a newer "
        + "program made them.";

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command("migrate", About);
        var check = command.AddFlag("--check", "needed: a node brings its store to its version itself, when it starts");
        var symbols = new PlaceSymbols(surroundings, command, GivenOptions.Store, GivenOptions.Data);
        command.SetAction(async (parsed, cancellation) =>
        {
            var store = symbols.Read(parsed).Options.Store;
            return parsed.GetValue(check)
                ? Tell(surroundings, store,
                [
                    await AuditStore.LookAtSchemaAsync(store, cancellation),
                    await Examination.OfLogSchemaAsync(store, cancellation),
                    .. await ReadSide.LookAtSchemasAsync(store, cancellation),
                ])
                : throw CommandException.WrongUse(
                    "--check is expected: a node brings its store to its version itself, when it starts.");
        });
        return command;
    }

    private static int Tell(Surroundings surroundings, string store, IReadOnlyList<SchemaState> states)
    {
        foreach (var one in states)
        {
            surroundings.Out.WriteLine($"{one.What,-12}  version {one.Found} of {one.Known}: {Sentence(one)}");
        }

        surroundings.Out.WriteLine(
            $"{"rows",-12}  of version {EventNames.Version} are written; of every version from 2 on they are read.");
        var place = StoreAddress.Parse(store);
        if (states.FirstOrDefault(one => one.IsRefused) is { } newer)
        {
            surroundings.Error.WriteLine(
                $"The {newer.What} of {place} has schema version {newer.Found}; this program knows versions up to "
                + $"{newer.Known}. Use the newer program that made it.");
            return ExitCode.WrongUse;
        }

        return states.Any(one => one.IsChanged) ? ExitCode.Failed : ExitCode.Fine;
    }

    private static string Sentence(SchemaState one) =>
        one.IsRefused ? "a newer program made it, and this one does not open it"
        : !one.IsChanged ? "opened as it is"
        : one.Found == 0 ? "there is none yet, and it is made"
        : one.IsMadeAnew ? "made anew from the rows"
        : $"{string.Join(", ", one.Missing)} would be run, and older programs do not open it afterwards";
}
