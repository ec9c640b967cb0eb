using System.CommandLine;
using System.Globalization;

namespace Audit.Load;

/// <summary>What is to be measured, and on what.</summary>
internal sealed record LoadOptions
{
    /// <summary>The quick table: its records, those of its warm-up, its most runs, and when all of it has ended.</summary>
    private const int QuickRecords = 60_000, QuickWarmUp = 10_000, MostQuickRuns = 3, QuickMinutes = 12;

    public string Store { get; private init; } = "sqlite";

    /// <summary>The engine that the subjects run with, `local` or `akka`.</summary>
    public string Engine { get; private init; } = "local";

    /// <summary>A server to make databases on; without it a throwaway one is started.</summary>
    public string? Postgres { get; private init; }

    /// <summary>Records in a measurement.</summary>
    public int Records { get; private init; }

    /// <summary>Records of the warm-up that is thrown away.</summary>
    public int WarmUpRecords { get; private init; }

    /// <summary>Rows that lie in the store before a measurement begins.</summary>
    public int Rows { get; private init; }

    /// <summary>The rows of the stores whose growth is looked at, the smallest first.</summary>
    public IReadOnlyList<int> Sizes { get; private init; } = [];

    public int Runs { get; private init; }

    /// <summary>Beginnings of the names to be measured; all when empty.</summary>
    public IReadOnlyList<string> Only { get; private init; } = [];

    public string? JsonFile { get; private init; }

    /// <summary>Where the stores are made: on the disk that is to be measured.</summary>
    public string Directory { get; private init; } = Path.GetTempPath();

    public string? Node { get; private init; }

    /// <summary>The file of earlier reports to which this one is added.</summary>
    public string? History { get; private init; }

    /// <summary>Whether the figures are put beside the last ones in that file that were measured alike.</summary>
    public bool Compares { get; private init; }

    /// <summary>The SVG that is drawn.</summary>
    public string Picture { get; private init; } = "";

    /// <summary>Nothing begins that would end later, as far as can be known.</summary>
    public TimeSpan? Within { get; private init; }

    /// <summary>Whether the exit code says that all that is owed is met.</summary>
    public bool Judges { get; private init; }

    public bool Wants(IMeasured one) => Only.Count == 0
        ? !one.IsByHand
        : Only.Any(only => one.Name.StartsWith(only, StringComparison.OrdinalIgnoreCase));

    /// <summary>The same on a store that has so many rows.</summary>
    public LoadOptions On(int rows) => this with { Rows = rows };

    /// <summary>The command line; what each command runs answers with the exit code.</summary>
    public static RootCommand Command(
        Func<LoadOptions, Task<int>> measure, Func<LoadOptions, Task<int>> flame, Func<LoadOptions, Task<int>> growth)
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
        var history = new Option<string?>("--history")
        {
            Description = "a file of earlier reports, one a line, to which this one is added; quick and growth have one "
                + "in benchmarks/history",
        };
        var compare = new Option<bool>("--compare")
        {
            Description = "puts the figures beside the last ones in that file from a machine like this one",
        };
        var fewer = Count("--records", "records in a measurement", QuickRecords, atLeast: 1_000);
        var few = Count("--runs", "the most measurements of each", MostQuickRuns, atLeast: 1);
        var picture = new Option<string?>("--svg") { Description = "the picture" };
        var sizes = Count("--sizes", "rows of the stores", [0, 1_000_000, 5_000_000]);
        var hours = new Option<double>("--hours")
        {
            Description = "when it stops; the same command goes on from there",
            DefaultValueFactory = _ => 3,
        };
        hours.Validators.Add(given =>
        {
            if (given.GetValueOrDefault<double>() is not (>= 0.5 and <= 24))
            {
                given.AddError("--hours takes a number from 0.5 to 24.");
            }
        });

        var command = new RootCommand("Measures floors, peers and subjects in turn on fresh stores.")
        {
            store, engine, postgres, records, rows, runs, only, json, directory, node, history, compare,
        };
        command.SetAction((given, _) => measure(Read(given, records, runs) with
        {
            History = given.GetValue(history)
                ?? (given.GetValue(compare) ? HistoryOf(given.GetRequiredValue(store)) : null),
        }));
        command.Subcommands.Add(Made(
            "quick",
            "The table in as many runs as end within 12 minutes; exit code 1 and a sentence for each row that is not as it "
                + "is owed.",
            [store, engine, postgres, fewer, few, only, json, directory, node, history, compare],
            given => measure(Read(given, fewer, few) with
            {
                WarmUpRecords = Math.Min(QuickWarmUp, given.GetValue(fewer)),
                Within = TimeSpan.FromMinutes(QuickMinutes),
                Judges = true,
                History = given.GetValue(history) ?? HistoryOf(given.GetRequiredValue(store)),
            })));
        command.Subcommands.Add(Made(
            "flame",
            "Draws where a node that takes in NDJSON spends its CPU, as perf sees it, into an SVG.",
            [store, engine, postgres, fewer, directory, node, picture],
            given => flame(Read(given, fewer, few) with
            {
                Picture = given.GetValue(picture) ?? $"flame-{given.GetRequiredValue(store)}.svg",
            })));
        command.Subcommands.Add(Made(
            "growth",
            "Measures stores of 0, 1 and 5 million rows, for up to three hours, and draws what grows; what was broken off "
                + "goes on with the same command.",
            [store, postgres, fewer, sizes, directory, node, history, picture, hours],
            given => growth(Read(given, fewer, few) with
            {
                Sizes = [.. given.GetRequiredValue(sizes).Distinct().Order()],
                Within = TimeSpan.FromHours(given.GetValue(hours)),
                History = given.GetValue(history) ?? HistoryOf($"growth-{given.GetRequiredValue(store)}"),
                Picture = given.GetValue(picture)
                    ?? Path.Combine(BuiltProgram.Root, "docs", "images", $"growth-{given.GetRequiredValue(store)}.svg"),
            })));
        return command;

        // An option that a command does not take has its default.
        LoadOptions Read(ParseResult given, Option<int> records, Option<int> runs) => new()
        {
            Store = given.GetRequiredValue(store),
            Engine = given.GetValue(engine) ?? "local",
            Postgres = given.GetValue(postgres),
            Records = given.GetValue(records),
            WarmUpRecords = given.GetValue(records),
            Rows = given.GetValue(rows),
            Runs = given.GetValue(runs),
            Only = given.GetValue(only) ?? [],
            JsonFile = given.GetValue(json),
            Directory = given.GetRequiredValue(directory),
            Node = given.GetValue(node),
            Compares = given.GetValue(compare),
        };
    }

    private static Command Made(
        string name, string description, IEnumerable<Option> options, Func<ParseResult, Task<int>> run)
    {
        var command = new Command(name, description);
        foreach (var option in options)
        {
            command.Options.Add(option);
        }

        command.SetAction((given, _) => run(given));
        return command;
    }

    private static string HistoryOf(string name) =>
        Path.Combine(BuiltProgram.Root, "benchmarks", "history", name + ".ndjson");

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
            if (TryCount(given.Tokens[0].Value, atLeast, out var count))
            {
                return count;
            }

            given.AddError($"{name} takes a number of at least {atLeast}.");
            return otherwise;
        },
    };

    private static Option<int[]> Count(string name, string description, int[] otherwise) => new(name)
    {
        Description = description,
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => otherwise,
        CustomParser = given =>
        {
            var counts = new int[given.Tokens.Count];
            for (var index = 0; index < counts.Length; index++)
            {
                if (!TryCount(given.Tokens[index].Value, 0, out counts[index]))
                {
                    given.AddError($"{name} takes numbers of at least 0.");
                }
            }

            return counts;
        },
    };

    private static bool TryCount(string text, int atLeast, out int count) =>
        int.TryParse(text, NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out count) && count >= atLeast;
}
