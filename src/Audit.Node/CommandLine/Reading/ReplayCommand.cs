using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit replay SESSION`: the session again, event by event, as the book came to know it.</summary>
internal static class ReplayCommand
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command("replay", "Plays a session again, event by event, in the order in which they were written.");
        var session = new Argument<string>("SESSION") { Description = "the session" };
        command.Arguments.Add(session);
        var at = ReadSymbols.AddText(command, "--at", "POSITION|TIME", "only up to what was known then");
        var speed = new Option<double>("--speed")
        {
            HelpName = "N",
            Description = "1 for the pace in which it happened, 10 for ten times as fast; default: at once",
        };
        speed.Validators.Add(given =>
        {
            if (given.Tokens.Count == 1
                && !(double.TryParse(given.Tokens[0].Value, CultureInfo.InvariantCulture, out var number) && number > 0 && double.IsFinite(number)))
            {
                given.AddError($"--speed \"{given.Tokens[0].Value}\" is not accepted; accepted is a number above 0.");
            }
        });
        command.Options.Add(speed);
        var read = new ReadSymbols(surroundings, command);
        command.SetAction(async (parsed, cancellation) =>
        {
            using var node = await read.OpenAsync(parsed, cancellation);
            var id = parsed.GetRequiredValue(session);

            // Says at once, in the node's own words, when there is no such session or the moment cannot be read.
            var known = await node.AskAsync(
                ReadSymbols.Query("v1/session", ("session", id), ("at", parsed.GetValue(at))), cancellation);
            var end = parsed.GetValue(at) is null ? long.MaxValue : known.Number("as_of");
            var pace = new Pace(parsed.GetValue(speed));
            var printed = new List<JsonElement>();
            await foreach (var row in node.ListAsync(ReadSymbols.Query("v1/events", ("session", id)), int.MaxValue, cancellation))
            {
                if (row.Number("position") > end)
                {
                    break;
                }

                await pace.WaitForAsync(row.GetProperty("event").Time("received_at"), cancellation);
                Print(row);
            }

            if (read.Format(parsed) == OutputFormat.Json)
            {
                surroundings.Out.WriteLine(JsonSerializer.Serialize(printed));
            }

            return ExitCode.Fine;

            void Print(JsonElement row)
            {
                switch (read.Format(parsed))
                {
                    case OutputFormat.Json:
                        printed.Add(row);
                        break;
                    case OutputFormat.Ndjson:
                        Answers.WriteLine(surroundings, row);
                        break;
                    default:
                        surroundings.Out.WriteLine(EventLine.Of(row, surroundings.OutIsTerminal));
                        break;
                }
            }
        });
        return command;
    }

    /// <summary>The time between events, made shorter; none at all for speed 0.</summary>
    private sealed class Pace(double speed)
    {
        private DateTimeOffset? before;

        public async Task WaitForAsync(DateTimeOffset? time, CancellationToken cancellation)
        {
            if (speed > 0 && before is { } last && time is { } next && next > last)
            {
                var pause = (next - last) / speed;
                await Task.Delay(pause < LongestPause ? pause : LongestPause, cancellation);
            }

            before = time ?? before;
        }
    }
}
