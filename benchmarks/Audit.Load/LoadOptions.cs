using System.Globalization;

namespace Audit.Load;

/// <summary>What is to be measured, and on what.</summary>
internal sealed record LoadOptions
{
    public const string Usage = """
        Audit.Load --store sqlite|postgres [--engine local|akka] [--postgres CONNECTION] [--records N] [--rows N] [--runs N]
                   [--only NAME…] [--json FILE] [--directory DIRECTORY] [--node AUDIT_DLL]
        """;

    public string Store { get; private init; } = "sqlite";

    /// <summary>The engine that the subjects run with, `local` or `akka`.</summary>
    public string Engine { get; private init; } = "local";

    /// <summary>A server to make databases on; without it a throwaway one is started.</summary>
    public string? Postgres { get; private init; }

    /// <summary>Records in a measurement.</summary>
    public int Records { get; private init; } = 150_000;

    /// <summary>Rows that lie in the store before a measurement begins.</summary>
    public int Rows { get; private init; }

    public int Runs { get; private init; } = 3;

    /// <summary>Beginnings of the names to be measured; all when empty.</summary>
    public IReadOnlyList<string> Only { get; private init; } = [];

    public string? JsonFile { get; private init; }

    /// <summary>Where the stores are made: on the disk that is to be measured.</summary>
    public string Directory { get; private init; } = Path.GetTempPath();

    public string? Node { get; private init; }

    public bool Wants(string name) =>
        Only.Count == 0 || Only.Any(only => name.StartsWith(only, StringComparison.OrdinalIgnoreCase));

    /// <exception cref="WrongUseException">An option or its value is not known.</exception>
    public static LoadOptions Parse(string[] arguments)
    {
        var options = new LoadOptions();
        for (var at = 0; at < arguments.Length;)
        {
            var option = arguments[at++];
            var first = at;
            while (at < arguments.Length && !arguments[at].StartsWith("--", StringComparison.Ordinal))
            {
                at++;
            }

            options = With(options, option, arguments[first..at]);
        }

        return options;
    }

    private static LoadOptions With(LoadOptions options, string option, string[] values) => option switch
    {
        "--store" when values is ["sqlite" or "postgres"] => options with { Store = values[0] },
        "--engine" when values is ["local" or "akka"] => options with { Engine = values[0] },
        "--postgres" when values is [var connection] => options with { Postgres = connection },
        "--records" => options with { Records = Count(option, values, atLeast: 1_000) },
        "--rows" => options with { Rows = Count(option, values, atLeast: 0) },
        "--runs" => options with { Runs = Count(option, values, atLeast: 1) },
        "--only" when values.Length > 0 => options with { Only = values },
        "--json" when values is [var file] => options with { JsonFile = file },
        "--directory" when values is [var directory] => options with { Directory = directory },
        "--node" when values is [var node] => options with { Node = node },
        _ => throw new WrongUseException($"{option} {string.Join(' ', values)} is not understood."),
    };

    private static int Count(string option, string[] values, int atLeast) =>
        values is [var text]
        && int.TryParse(text, NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var count) && count >= atLeast
            ? count
            : throw new WrongUseException($"{option} takes a number of at least {atLeast}.");
}
