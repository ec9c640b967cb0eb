using System.Collections;

namespace Audit.Node.CommandLine.Terminal;

/// <summary>
/// What a command meets outside: data goes out by <see cref="Out"/>, what is reported about it by <see cref="Error"/>.
/// </summary>
public sealed record Surroundings(TextWriter Out, TextWriter Error)
{
    private const int UsualWidth = 80;

    public IDictionary Environment { get; init; } = new Hashtable();

    public string Directory { get; init; } = ".";

    /// <summary>Opens the standard input.</summary>
    public Func<Stream> OpenInput { get; init; } = () => Stream.Null;

    /// <summary>Opens the standard output for what is no text.</summary>
    public Func<Stream> OpenOutput { get; init; } = () => Stream.Null;

    public bool OutIsTerminal { get; init; }

    public bool ErrorIsTerminal { get; init; }

    /// <summary>How wide the terminal is, where nothing in the environment says so.</summary>
    public Func<int> TerminalWidth { get; init; } = () => UsualWidth;

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>In how many places a line of the terminal may stand.</summary>
    public int Width =>
        int.TryParse(Variable("COLUMNS"), NumberStyles.None, CultureInfo.InvariantCulture, out var given) && given > 0
            ? given
            : TerminalWidth() is > 0 and var found ? found : UsualWidth;

    public bool IsColoured => OutIsTerminal && Variable("NO_COLOR") is null && Variable("TERM") != "dumb";

    /// <summary>Whoever reads wants all columns, and nothing cut.</summary>
    internal bool IsWide { get; init; }

    internal Times Times { get; init; } = Times.Plain;

    public static Surroundings OfProcess() => new(Console.Out, Console.Error)
    {
        Environment = System.Environment.GetEnvironmentVariables(),
        OpenInput = Console.OpenStandardInput,
        OpenOutput = Console.OpenStandardOutput,
        OutIsTerminal = !Console.IsOutputRedirected,
        ErrorIsTerminal = !Console.IsErrorRedirected,
        TerminalWidth = WidthOfConsole,
    };

    public string? Variable(string name) => Environment[name] is string { Length: > 0 } value ? value : null;

    /// <summary>The same for one who reads on this terminal, or for a script.</summary>
    /// <param name="style">Null for local times on a terminal, and UTC for a script.</param>
    internal Surroundings For(TimeStyle? style, bool isWide)
    {
        var wanted = style ?? (OutIsTerminal ? TimeStyle.Local : TimeStyle.Utc);
        return this with
        {
            IsWide = isWide,
            Times = new Times(
                wanted == TimeStyle.Local ? Zone() : TimeZoneInfo.Utc, wanted, Clock.GetUtcNow(),
                OutIsTerminal && !isWide),
        };
    }

    /// <summary>Of the variable TZ, and else of the machine; what nobody knows is UTC, as elsewhere.</summary>
    private TimeZoneInfo Zone() => Variable("TZ")?.TrimStart(':') is not { } name ? TimeZoneInfo.Local
        : TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) ? zone
        : TimeZoneInfo.Utc;

    private static int WidthOfConsole()
    {
        try
        {
            return Console.WindowWidth;
        }
        catch (IOException)
        {
            return UsualWidth;
        }
    }
}

/// <summary>What the executable returns to the script that called it.</summary>
public static class ExitCode
{
    public const int Fine = 0, Failed = 1, WrongUse = 2, CannotReachNode = 3, VerificationFailed = 4;

    /// <summary>Nothing contradicts itself, but nobody was given by whom it is signed.</summary>
    public const int KeyNotGiven = 5;
}

/// <summary>Ends a command with a sentence and an exit code.</summary>
public sealed class CommandException(int exitCode, string sentence) : Exception(sentence)
{
    public int ExitCode { get; } = exitCode;

    public static CommandException Failed(string sentence) => new(Terminal.ExitCode.Failed, sentence);

    public static CommandException WrongUse(string sentence) => new(Terminal.ExitCode.WrongUse, sentence);

    public static CommandException CannotReach(string sentence) => new(Terminal.ExitCode.CannotReachNode, sentence);
}
