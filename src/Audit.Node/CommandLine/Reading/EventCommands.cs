using System.Runtime.CompilerServices;

namespace Audit.Node.CommandLine.Reading;

/// <summary>
/// `audit tail`, which follows the journal, and `audit replay SESSION`, which plays some of it again.
/// </summary>
internal static class EventCommands
{
    private const int OpenShown = 20;

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    public static Command MakeTail(Surroundings surroundings)
    {
        var command = new Command("tail", "Follows the journal as it is written, until it is interrupted.");
        var session = command.AddText("--session", "SESSION", "only this session");
        var source = command.AddText("--source", "SOURCE", "only what this source reported");
        var task = command.AddText("--task", "TASK", "only this task");
        var tool = command.AddText("--tool", "TOOL", "only this tool; * stands for anything");
        var after = command.AddText("--after", "POSITION|now", "begin behind this position, default now");
        var count = command.Declare(
            new Option<int?>("--count") { HelpName = "N", Description = "end after so many events" });
        return command.Asks(surroundings, async asked =>
        {
            var path = NodeClient.PathOf(
                "v1/events", ("after", asked.Get(after) ?? "now"), ("session", asked.Get(session)),
                ("source", asked.Get(source)), ("task", asked.Get(task)), ("tool", asked.Get(tool)));
            var left = asked.Get(count) ?? int.MaxValue;
            await foreach (var happened in new LiveEvents(asked.Node, path).ReadAsync(asked.Cancellation))
            {
                asked.Output.PrintLine(happened, row => Write(asked.Surroundings, row));
                surroundings.Out.Flush();
                if (--left == 0)
                {
                    break;
                }
            }
        });
    }

    public static Command MakeWatch(Surroundings surroundings)
    {
        var count = new Option<int?>("--count") { HelpName = "N", Description = "end after so many events" };
        var command = new Command(
            "watch",
            "Shows what runs and what waits, or one session, and goes on with what happens until it is interrupted or "
            + "the session has ended.") { count };
        var session = command.AddOptionalName("SESSION", "the session; everything where none is named");
        var source = command.AddSource();
        return command.Asks(surroundings, async asked =>
        {
            var (id, whose) = (("session", asked.Get(session)), ("source", asked.Get(source)));
            var begin = asked.Get(session) is null
                ? await ShowOpenAsync(asked)
                : await ShowLatestAsync(asked, id, whose);
            var path = NodeClient.PathOf("v1/events", begin, id, whose);
            var left = asked.Get(count) ?? int.MaxValue;
            await foreach (var happened in new LiveEvents(asked.Node, path).ReadAsync(asked.Cancellation))
            {
                asked.Output.PrintLine(happened, row => Write(asked.Surroundings, row));
                asked.Surroundings.Out.Flush();
                if (--left == 0 || (asked.Get(session) is not null && EventLine.EndsSession(happened.Value)))
                {
                    break;
                }
            }
        });
    }

    /// <summary>What runs and what waits now.</summary>
    private static async Task<(string, string?)> ShowOpenAsync(Asked asked)
    {
        if (asked.Output.Format == OutputFormat.Table)
        {
            await asked.PrintListAsync(
                OpenShown, "calls that run or wait", "v1/search", WireJson.Default.SearchHitAnswer, SearchCommand.Shown,
                ("q", "is:open"));
        }

        return ("after", "now");
    }

    /// <summary>Where a session stands; what happened of late is told again.</summary>
    /// <returns>From where on it goes on.</returns>
    private static async Task<(string, string?)> ShowLatestAsync(
        Asked asked, params (string Name, string? Value)[] which)
    {
        var known = await asked.AskAsync("v1/session", WireJson.Default.SessionAnswer, which);
        if (asked.Output.Format == OutputFormat.Table)
        {
            SessionText.WriteHead(asked.Surroundings, known.Value);
        }

        // The calls that began last hold what was written last; which of them is the first the node knows.
        var latest = await asked.ListAsync(
            OpenShown, "v1/session/calls", WireJson.Default.CallAnswer, which).ToListAsync(asked.Cancellation);
        return ("from", string.Join(
            ',', latest.Select(call => call.Value.Position).DefaultIfEmpty(known.Value.Position)));
    }

    public static Command MakeReplay(Surroundings surroundings)
    {
        var command = new Command(
            "replay", "Plays a session again, event by event, in the order in which they were written.");
        var session = command.AddName("SESSION", "the session");
        var source = command.AddSource();
        var at = command.AddMoment("only up to what was known then");
        var speed = command.AddNumber(
            "--speed", "1 for the pace in which it happened, 10 for ten times as fast; default: at once", 0.0,
            number => number > 0 && double.IsFinite(number), "a number above 0");
        return command.Asks(surroundings, async asked =>
        {
            var (id, whose) = (("session", asked.Get(session)), ("source", asked.Get(source)));
            var moment = ("at", asked.Get(at));
            // Refused at once, in the node's own words, when there is no such session or the moment cannot be read.
            var known = await asked.AskAsync("v1/session", WireJson.Default.SessionAnswer, id, whose, moment);
            var end = asked.Get(at) is null ? null : known.Value.AsOf?.ToString(CultureInfo.InvariantCulture);
            // The node may have chosen the only source that there is.
            var rows = asked.ListAsync(
                int.MaxValue, "v1/events", WireJson.Default.EventAnswer, id, ("source", known.Value.Source),
                ("until", end));
            await asked.Output.PrintEachAsync(
                asked.Get(speed) is > 0 and var factor ? InPaceAsync(rows, factor, asked.Cancellation) : rows,
                row => Write(asked.Surroundings, row));
        });
    }

    private static void Write(Surroundings surroundings, EventAnswer row) =>
        surroundings.Out.WriteLine(EventLine.Of(row, surroundings));

    /// <summary>Leaves the time between events, made shorter.</summary>
    private static async IAsyncEnumerable<Answer<EventAnswer>> InPaceAsync(
        IAsyncEnumerable<Answer<EventAnswer>> rows, double speed,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        DateTimeOffset? before = null;
        await foreach (var row in rows.WithCancellation(cancellation))
        {
            var time = EventLine.ReceivedAt(row.Value);
            if (before is { } last && time is { } next && next > last)
            {
                var pause = (next - last) / speed;
                await Task.Delay(pause < LongestPause ? pause : LongestPause, cancellation);
            }

            before = time ?? before;
            yield return row;
        }
    }
}
