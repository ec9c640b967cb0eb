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
