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
        command.SetAction((parsed, cancellation) =>
            RunAsync(surroundings, parsed.GetValue(data), parsed.GetValue(urls), cancellation));
        return command;
    }

    private static async Task RunAsync(
        Surroundings surroundings, string? given, string? urls, CancellationToken cancellation)
    {
        var data = given is null ? Directory.CreateTempSubdirectory("audit-demo-").FullName : Path.GetFullPath(given);
        if (given is not null && Directory.Exists(data) && Directory.EnumerateFileSystemEntries(data).Any())
        {
            throw CommandException.WrongUse(
                $"--data \"{given}\" is not accepted: it is not empty; accepted is a directory that is new.");
        }

        try
        {
            await ServeAsync(surroundings, data, urls, cancellation);
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
        Surroundings surroundings, string data, string? urls, CancellationToken cancellation)
    {
        var clock = new DemoClock();
        var steps = DemoStory.Ending(clock.GetUtcNow());
        clock.Set(steps[0].At.AddMinutes(-1));
        var options = new NodeOptions
        {
            Data = data,
            Store = "sqlite:" + Path.Combine(data, "journal.db"),
            LogOrigin = "audit.local/demo",
        };
        options = urls is null ? options : options with { Urls = urls };
        await using var node = await NodeHost.StartAsync(options, new NodeSeams { Clock = clock }, cancellation);
        await DemoPlayer.PlayAsync(node, clock, steps, cancellation);
        await surroundings.Out.WriteLineAsync(
            $"""
            The demo is at {node.Urls[0]}: {steps.Count} messages of three agents, the last hour and last Tuesday.
              data   {node.DataPath}
              tokens reader.token to look, approver.token to decide, host.token to send, admin.token to administer

            Ask it from another terminal, in this directory or with --data {node.DataPath}:
              audit windows w-orders-17
              audit show trig-442-91bc
              audit tasks migrate-orders
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
