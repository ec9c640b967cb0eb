using System.CommandLine;
using System.Globalization;

namespace Audit.Load;

/// <summary>What is to be measured, and on what.</summary>
internal sealed record LoadOptions
{
    public string Store { get; private init; } = "sqlite";

    /// <summary>The engine that the subjects run with, `local` or `akka`.</summary>
    public string Engine { get; private init; } = "local";

    /// <summary>A server to make databases on; without it a throwaway one is started.</summary>
    public string? Postgres { get; private init; }

    /// <summary>Records in a measurement.</summary>
    public int Records { get; private init; }

    /// <summary>Rows that lie in the store before a measurement begins.</summary>
    public int Rows { get; private init; }

    public int Runs { get; private init; }

    /// <summary>Beginnings of the names to be measured; all when empty.</summary>
    public IReadOnlyList<string> Only { get; private init; } = [];

    public string? JsonFile { get; private init; }

    /// <summary>Where the stores are made: on the disk that is to be measured.</summary>
    public string Directory { get; private init; } = Path.GetTempPath();

    public string? Node { get; private init; }

    public bool Wants(string name) =>
        Only.Count == 0 || Only.Any(only => name.StartsWith(only, StringComparison.OrdinalIgnoreCase));

    /// <summary>The command line, and what it runs.</summary>
    public static RootCommand Command(Func<LoadOptions, Task> run)
    {
        var store = Choice("--store", "sqlite", "postgres");
        var engine = Choice("--engine", "local", "akka");
        var postgres = new Option<string?>("--postgres")
        {
            Description = "the connection string of a server to measure on",
        };
        var records = Count("--records", "records in a measurement", 150_000, atLeast: 1_000);
        var rows = Count("--rows", "rows that lie in the store before", 0, atLeast: 0);
        var runs = Count("--runs", "measurements of each, of which the median counts", 3, atLeast: 1);
        var only = new Option<string[]>("--only")
        {
            Description = "beginnings of the names to measure",
            AllowMultipleArgumentsPerToken = true,
        };
        var json = new Option<string?>("--json") { Description = "a file for the report as JSON" };
        var directory = new Option<string>("--directory")
        {
            Description = "where the stores are made",
            DefaultValueFactory = _ => Path.GetTempPath(),
        };
        var node = new Option<string?>("--node") { Description = "another audit.dll than the one beside this program" };
        var command = new RootCommand("Measures floors, peers and subjects in turn on fresh stores.")
        {
            store, engine, postgres, records, rows, runs, only, json, directory, node,
        };
        command.SetAction((given, _) => run(new LoadOptions
        {
            Store = given.GetRequiredValue(store),
            Engine = given.GetRequiredValue(engine),
            Postgres = given.GetValue(postgres),
            Records = given.GetValue(records),
            Rows = given.GetValue(rows),
            Runs = given.GetValue(runs),
            Only = given.GetValue(only) ?? [],
            JsonFile = given.GetValue(json),
            Directory = given.GetRequiredValue(directory),
            Node = given.GetValue(node),
        }));
        return command;
    }

    private static Option<string> Choice(string name, string first, string second)
    {
        var option = new Option<string>(name)
        {
            Description = $"{first} or {second}",
            DefaultValueFactory = _ => first,
        };
        option.AcceptOnlyFromAmong(first, second);
        return option;
    }

    private static Option<int> Count(string name, string description, int otherwise, int atLeast) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => otherwise,
        CustomParser = given =>
        {
            const NumberStyles Style = NumberStyles.AllowThousands;
            if (int.TryParse(given.Tokens[0].Value, Style, CultureInfo.InvariantCulture, out var count)
                && count >= atLeast)
            {
                return count;
            }

            given.AddError($"{name} takes a number of at least {atLeast}.");
            return otherwise;
        },
    };
}
