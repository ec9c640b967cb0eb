namespace Audit.Node.CommandLine.Operating;

/// <summary>`audit key backup`: without a copy, the content is lost with one file.</summary>
internal static class KeyCommands
{
    public static Command Make(Surroundings surroundings) =>
        new("key", "The keys of the rows, which are in no database.") { MakeBackup(surroundings) };

    private static Command MakeBackup(Surroundings surroundings)
    {
        var command = new Command("backup", "Copies the row key to a file that is to be kept apart from the store.");
        var file = new Argument<string>("FILE") { Description = "where the copy is made; nothing is written over" };
        command.Add(file);
        var node = new NodeOptionSymbols(command, GivenOptions.Data, GivenOptions.RowKey);
        command.SetAction(parsed =>
        {
            var options = NodeOptionsReader.Read(node.Gather(parsed, surroundings));
            var copy = Path.GetFullPath(parsed.GetRequiredValue(file), Path.GetFullPath(surroundings.Directory));
            RowKeys.BackUp(options.RowKeyFile, copy, TimeProvider.System.GetUtcNow());
            surroundings.Out.WriteLine(copy);
            surroundings.Error.WriteLine(
                "Keep it apart from the database and its backups: together they show the content.");
        });
        return command;
    }
}
