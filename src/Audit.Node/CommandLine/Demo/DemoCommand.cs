using Audit.Node.Hosting;

namespace Audit.Node.CommandLine.Demo;

/// <summary>`audit demo`: a node on a store of its own in which an hour of three agents was played.</summary>
internal static class DemoCommand
{
    public static Command Make(Surroundings surroundings)
    {
        var command = new Command(
            "demo",
            "Starts a node on a throwaway store, plays an hour of three agents, and leaves it to be looked at.");
        var data = command.AddText(
            "--data", "DIRECTORY", "where to keep it; it must be new; default: a temporary one, removed at the end");
        var urls = command.AddText("--urls", "URLS", "where to listen, default http://127.0.0.1:5080");
        var seed = command.AddNumber(
            "--seed", "another story of the same kind, with other names; default: the one that the documents tell", 0,
            number => number >= 0, "a whole number from 0");
        command.SetAction((parsed, cancellation) => RunAsync(
            surroundings, parsed.GetValue(data), parsed.GetValue(urls), parsed.GetValue(seed), cancellation));
        return command;
    }

    private static async Task RunAsync(
        Surroundings surroundings, string? given, string? urls, int seed, CancellationToken cancellation)
    {
        var data = given is null ? Directory.CreateTempSubdirectory("audit-demo-").FullName : Path.GetFullPath(given);
        if (given is not null && Directory.Exists(data) && Directory.EnumerateFileSystemEntries(data).Any())
        {
            throw CommandException.WrongUse(
                $"--data \"{given}\" is not accepted: it is not empty; accepted is a directory that is new.");
        }

        try
        {
            await ServeAsync(surroundings, data, urls, DemoCast.Of(seed), cancellation);
        }
        finally
        {
            if (given is null)
            {
                Directory.Delete(data, recursive: true);
            }
        }
    }

    private static async Task ServeAsync(
        Surroundings surroundings, string data, string? urls, DemoCast cast, CancellationToken cancellation)
    {
        var clock = new DemoClock();
        var options = new NodeOptions
        {
            Data = data,
            Store = "sqlite:" + Path.Combine(data, "journal.db"),
            LogOrigin = "audit.local/demo",
        };
        options = urls is null ? options : options with { Urls = urls };
        await using var node = await NodeHost.StartAsync(options, new NodeSeams { Clock = clock }, cancellation);
        var count = await DemoPlayer.PlayAsync(node, clock, cast, cancellation);
        await surroundings.Out.WriteLineAsync(
            $"""
            The demo is at {node.Urls[0]}: {count} messages of three agents, the last hour and last Tuesday.
              data   {node.DataPath}
              tokens reader.token to look, approver.token to decide, host.token to send, admin.token to administer

            Ask it from another terminal, in this directory or with --data {node.DataPath}:
              audit windows {cast.Window}
              audit show {cast.IncidentSession}
              audit tasks {cast.Task}
            An interrupt ends it.
            """);
        await surroundings.Out.FlushAsync(cancellation);
        await Task.Delay(Timeout.Infinite, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}

/// <summary>
/// Shows the time of the story until it is over, and then the real one. Waiting takes as long as ever.
/// </summary>
internal sealed class DemoClock : TimeProvider
{
    private long storyTicks;

    public override DateTimeOffset GetUtcNow() =>
        Volatile.Read(ref storyTicks) is > 0 and var ticks
            ? new DateTimeOffset(ticks, TimeSpan.Zero)
            : base.GetUtcNow();

    public void Set(DateTimeOffset time) => Volatile.Write(ref storyTicks, time.UtcTicks);

    public void GoOnForReal() => Volatile.Write(ref storyTicks, 0);
}
