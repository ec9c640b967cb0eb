namespace Audit.Testing;

/// <summary>What rounds of kills came to. All but the first two are faults of the client or the node.</summary>
/// <param name="Acknowledged">What a host was told is kept.</param>
/// <param name="Ran">Tools that ran.</param>
/// <param name="Wrong">What is out of order, and tools that ran without their records, in words.</param>
public sealed record ClientRoundsResult(
    int Acknowledged, int Ran, IReadOnlyList<int> Lost, IReadOnlyList<int> Doubled, IReadOnlyList<string> Wrong);

/// <summary>
/// Two hosts and a node, which in every round are killed at any moment: one host keeps in a spool what it records, and
/// the other runs tools that fail closed.
/// </summary>
/// <param name="command">Starts a host, as the contract of clients has it.</param>
public sealed class ClientRounds(IReadOnlyList<string> command, int seed) : IAsyncDisposable
{
    /// <summary>So little that the spool makes room again and again, and sometimes has none.</summary>
    private const string SpoolLimit = "16000";

    /// <summary>A session takes so many notes and no more.</summary>
    private const int RoundsOfSession = 50;

    private readonly Random chance = new(seed);
    private readonly HashSet<int> kept = [];
    private HostedNode node = null!;
    private ClientProcess? spooling;
    private ClientProcess? closing;
    private int played;
    private int notes;
    private int calls;

    private string Session => SessionOf(played);

    private string Spool => node.FileOf("spool");

    private string Ran => node.FileOf("ran");

    public static async Task<ClientRounds> StartAsync(IReadOnlyList<string> command, int seed) =>
        new(command, seed) { node = await HostedNode.StartAsync("""{"preset":"approve-all"}""") };

    /// <summary>Gives both hosts something to do, kills some of the three, and starts what was killed.</summary>
    public async Task PlayAsync()
    {
        spooling ??= StartSpooling();
        closing ??= Start(new() { ["AUDIT_PATIENCE"] = "20" });
        var (killsSpooling, killsClosing, killsNode) = chance.Next(5) switch
        {
            0 => (true, false, false),
            1 => (false, true, false),
            2 => (false, false, true),
            3 => (true, true, false),
            _ => (true, true, true),
        };
        var telling = Task.WhenAll(NoteAsync(spooling, chance.Next(20, 120)), RunAsync(closing, chance.Next(5, 20)));
        if (killsNode)
        {
            await Task.Delay(chance.Next(0, 200));
            await node.KillAsync();
        }

        // What is kept while the node is away is in the spool alone when its host dies.
        await Task.Delay(chance.Next(0, 200));
        if (killsSpooling)
        {
            await spooling.DisposeAsync();
            await TearAsync();
            spooling = StartSpooling();
            await Task.Delay(chance.Next(0, 200));
        }

        if (killsClosing)
        {
            await closing.DisposeAsync();
            closing = null;
        }

        if (killsNode)
        {
            await node.StartAsync();
        }

        await telling;
        played++;
    }

    /// <summary>Sends what waits, and looks at the book.</summary>
    public async Task<ClientRoundsResult> EndAsync()
    {
        spooling ??= StartSpooling();
        var flushed = await spooling.AskAsync(new { @do = "flush", seconds = 120 });
        var wrong = new List<string>();
        if (!flushed.GetProperty("ok").GetBoolean())
        {
            wrong.Add($"not all is sent: {flushed}\n{spooling.Troubles}");
        }

        var book = new List<int>();
        foreach (var session in Enumerable.Range(0, played).Select(SessionOf).Distinct())
        {
            book.AddRange(await node.NotesAsync(session));
        }

        wrong.AddRange(book.Zip(book.Skip(1)).Where(pair => pair.First > pair.Second)
            .Select(pair => $"note {pair.Second} stands behind note {pair.First}"));
        var ran = File.Exists(Ran) ? await File.ReadAllLinesAsync(Ran) : [];
        foreach (var call in ran)
        {
            var (session, name) = (call.Split(' ')[0], call.Split(' ')[1]);
            if (!(await node.KindsAsync(session, name)).Contains("started"))
            {
                wrong.Add($"the tool of {call} ran, and nothing says so");
            }
        }

        return new ClientRoundsResult(
            kept.Count, ran.Length, [.. kept.Except(book)],
            [.. book.GroupBy(one => one).Where(same => same.Count() > 1).Select(same => same.Key)], wrong);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in new[] { spooling, closing }.OfType<ClientProcess>())
        {
            await host.DisposeAsync();
        }

        await node.DisposeAsync();
    }

    private static string SessionOf(int round) => $"rounds-{round / RoundsOfSession}";

    private ClientProcess StartSpooling() =>
        Start(new() { ["AUDIT_SPOOL"] = Spool, ["AUDIT_SPOOL_LIMIT"] = SpoolLimit });

    private ClientProcess Start(Dictionary<string, string> environment)
    {
        environment["AUDIT_SERVER"] = node.Url.ToString();
        environment["AUDIT_TOKEN"] = node.HostToken;
        return ClientProcess.Start(command, node.FileOf("."), environment);
    }

    private async Task NoteAsync(ClientProcess host, int count)
    {
        var first = notes;
        notes += count;
        var reading = Task.Run(async () =>
        {
            for (var n = first; n < first + count && await host.AnswerAsync() is { } answer; n++)
            {
                if (answer.GetProperty("ok").GetBoolean())
                {
                    kept.Add(n);
                }
            }
        });
        for (var n = first; n < first + count; n++)
        {
            await host.TellAsync(new { @do = "note", session_id = Session, type = "step", detail = new { n } });
        }

        await reading;
    }

    private async Task RunAsync(ClientProcess host, int count)
    {
        for (var n = 0; n < count; n++)
        {
            var call = $"c-{calls++}";
            var isTold = await host.TellAsync(new
            {
                @do = "run", session_id = Session, tool_call_id = call, tool_name = "append", turn = 1,
                effective_input = new { text = call }, permission = new { kind = "write" }, append = Ran,
                text = $"{Session} {call}",
            });
            if (!isTold || await host.AnswerAsync() is null)
            {
                return;
            }
        }
    }

    /// <summary>Half a line behind the others, as a host leaves it that dies while it writes.</summary>
    private async Task TearAsync()
    {
        if (chance.Next(2) == 0)
        {
            await File.AppendAllTextAsync(Spool, """{"session_id":"rounds","message_id":"torn","note":{"ty""");
        }
    }
}
