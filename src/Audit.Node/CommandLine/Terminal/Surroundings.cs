using System.Collections;

namespace Audit.Node.CommandLine.Terminal;

/// <summary>
/// What a command meets outside: data goes out by <see cref="Out"/>, what is reported about it by <see cref="Error"/>.
/// </summary>
public sealed record Surroundings(TextWriter Out, TextWriter Error)
{
    public IDictionary Environment { get; init; } = new Hashtable();

    public string Directory { get; init; } = ".";

    /// <summary>Opens the standard input.</summary>
    public Func<Stream> OpenInput { get; init; } = () => Stream.Null;

    /// <summary>Opens the standard output for what is no text.</summary>
    public Func<Stream> OpenOutput { get; init; } = () => Stream.Null;

    public bool OutIsTerminal { get; init; }

    public bool ErrorIsTerminal { get; init; }

    public static Surroundings OfProcess() => new(Console.Out, Console.Error)
    {
        Environment = System.Environment.GetEnvironmentVariables(),
        OpenInput = Console.OpenStandardInput,
        OpenOutput = Console.OpenStandardOutput,
        OutIsTerminal = !Console.IsOutputRedirected,
        ErrorIsTerminal = !Console.IsErrorRedirected,
    };

    public string? Variable(string name) => Environment[name] is string { Length: > 0 } value ? value : null;
}
