using System.Text;

namespace Audit.Hammer.Simulation;

/// <summary>What a schedule is made of, drawn from its seed.</summary>
internal sealed class Shape
{
    private static readonly string[] Notes = ["started", "turn_started", "turn_ended", "idle"];

    // A grant is two events, which no message is otherwise.
    private static readonly WindowVerb[] Verbs = [WindowVerb.Request, WindowVerb.Approve, WindowVerb.Deny];

    private readonly int maxRows;
    private readonly int maxLive;
    private readonly int maxWaiting;
    private readonly TimeSpan idle;

    public Shape(Chance chance, Defect defect)
    {
        Defect = defect;
        Nodes = defect == Defect.NoFence ? 2 : chance.Next(1, 4);
        Shards = chance.Next(1, 4);
        Clients = chance.Next(1, 5);
        Disturbances = chance.Below(3) == 0 ? 0 : chance.Next(1, 7);
        maxRows = chance.Next(1, 25);
        maxLive = chance.Percent(50) ? chance.Next(1, 12) : 32_000;
        maxWaiting = chance.Percent(30) ? chance.Next(1, 10) : 1_000;
        idle = chance.Milliseconds(200, 5_000);
        Messages = MakeMessages(chance);
    }

    public Defect Defect { get; }

    public int Nodes { get; }

    public int Clients { get; }

    /// <summary>How often a node is ended, frozen or stopped.</summary>
    public int Disturbances { get; }

    public IReadOnlyList<SimulatedMessage> Messages { get; }

    private int Shards { get; }

    public EngineOptions Options(Machine machine, Chance chance, Oracle oracle) => new()
    {
        Shards = Shards,
        MaxRowsPerCommit = maxRows,
        MaxLiveEvents = maxLive,
        MaxKnownStreams = chance.Percent(50) ? 4 : 1_000,
        MaxWaiting = maxWaiting,
        IdleAfter = idle,
        Loops = new EngineLoops
        {
            Scheduler = machine,
            Chance = chance,
            EndedBy = fault => oracle.Fail($"a loop of the engine ended by a fault: {fault}"),
        },
    };

    private List<SimulatedMessage> MakeMessages(Chance chance)
    {
        var sessions = Enumerable.Range(0, chance.Next(1, 4)).Select(number => Named(
            $"s{number}", chance.Below(Shards), name => new SessionName("ci", name).GetHashCode())).ToArray();
        var window = Named("w", chance.Below(Shards), name => new StreamKey(StreamNames.Window(name)).GetHashCode());
        var calls = chance.Next(1, 8);
        var count = chance.Next(4, 40);
        var messages = new List<SimulatedMessage>(count);
        for (var number = 0; number < count; number++)
        {
            var client = chance.Below(Clients);
            var session = sessions[chance.Below(sessions.Length)];
            messages.Add(chance.Below(12) switch
            {
                0 => SimulatedMessage.Of(number, client, Sent.Note(session, Notes[chance.Below(4)], number)),
                1 => SimulatedMessage.Of(
                    number, client, Sent.Window(window, Verbs[chance.Below(Verbs.Length)], $"ann {number}", number)),
                _ => Call(number, client, session, $"c{chance.Below(calls)}", chance),
            });
        }

        chance.Shuffle(messages);
        return messages;
    }

    private static SimulatedMessage Call(int number, int client, string session, string call, Chance chance)
    {
        Outcome outcome = chance.Below(9) switch
        {
            0 => new Outcome.Requested(),
            1 or 2 => new Outcome.RequiresConfirmation("may I?", null),
            3 => new Outcome.Approved("approve-once"),
            4 => new Outcome.Started(),
            5 => new Outcome.Blocked("no"),
            6 => new Outcome.Cancelled("enough"),
            _ => Sent.Completed(chance.Percent(80)),
        };
        var id = chance.Percent(50) ? $"m{number}" : null;
        return SimulatedMessage.Of(number, client, Sent.Call(session, call, outcome, number, id));
    }

    /// <summary>
    /// A name that falls to that shard: hashes differ from process to process, and a schedule must not.
    /// </summary>
    private string Named(string name, int shard, Func<string, int> hash)
    {
        var tried = name;
        for (var number = 0; (uint)hash(tried) % (uint)Shards != shard; number++)
        {
            tried = $"{name}-{number}";
        }

        return tried;
    }
}

/// <summary>What one host has to report once.</summary>
internal sealed record SimulatedMessage(int Number, int Client, Submission Submission, string Content)
{
    public static SimulatedMessage Of(int number, int client, Submission submission)
    {
        var content = submission switch
        {
            CallSubmission call => call.Record,
            NoteSubmission note => note.Detail,
            WindowSubmission act => act.Body,
            _ => throw new ArgumentOutOfRangeException(nameof(submission)),
        };
        return new SimulatedMessage(
            number, client, submission, $"{submission.Stream} {Encoding.UTF8.GetString(content.Span)}");
    }
}
