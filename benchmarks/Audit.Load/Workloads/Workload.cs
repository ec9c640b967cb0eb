using System.Text;

namespace Audit.Load.Workloads;

/// <summary>
/// The messages of one run, in the order in which a thousand live sessions send them. A run's floors, peers and subjects
/// all get the same; each run has ids of its own.
/// </summary>
internal sealed class Workload
{
    private const int LiveSessions = 1_000;
    private const int Seed = 20_260_101;

    private readonly Lazy<JournalRowToCopy[]> rows;

    public Workload(int run, int records)
    {
        Messages = Write(new Random(HashOf(run)), records);
        rows = new Lazy<JournalRowToCopy[]>(() => EngineRows.Of(Messages));
    }

    public Message[] Messages { get; }

    /// <summary>What the engine makes of the messages.</summary>
    public JournalRowToCopy[] Rows => rows.Value;

    /// <summary>The messages dealt to so many hosts; a session stays with one host, which sends it in order.</summary>
    public Message[][] DealtTo(int hosts)
    {
        var dealt = Enumerable.Range(0, hosts).Select(_ => new List<Message>(Messages.Length / hosts * 5 / 4)).ToArray();
        foreach (var message in Messages)
        {
            dealt[message.Session % hosts].Add(message);
        }

        return [.. dealt.Select(list => list.ToArray())];
    }

    private static int HashOf(int run) => unchecked(Seed + run * 7919);

    private static Message[] Write(Random random, int records)
    {
        var arena = new Arena();
        var text = new RecordText(random);
        var live = Enumerable.Range(0, LiveSessions).Select(_ => new LiveSession(random)).ToArray();
        var messages = new Message[records];
        var clock = DateTime.UtcNow.AddMinutes(-10);
        for (var index = 0; index < records; index++)
        {
            var number = random.Next(LiveSessions);
            var session = live[number] = live[number].HasEnded ? new LiveSession(random) : live[number];
            clock = clock.AddTicks(random.Next(1, 100));
            messages[index] = Write(arena, text, number, session, session.NextKind(), clock);
        }

        return messages;
    }

    private static Message Write(
        Arena arena, RecordText text, int number, LiveSession session, string kind, DateTime clock)
    {
        var record = text.Write(session, kind, clock);
        var head = Encoding.UTF8.GetBytes(
            $$"""{"session_id":"{{session.SessionId}}","task_id":"task-{{number % 50}}","agent":"agent-{{number % 20}}","record":""");
        var item = arena.Keep([.. head, .. record, (byte)'}']);
        return new Message(
            number, session.SessionId, session.CallId, kind, item, item[head.Length..^1]);
    }
}
