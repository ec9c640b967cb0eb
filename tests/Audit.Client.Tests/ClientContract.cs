using System.Diagnostics;

namespace Audit.Client.Tests;

/// <summary>
/// What every client of a host keeps, in whatever language. It is driven as a process that reads a JSON object a line,
/// answers each with one, in order, and ends with 0 at once when its input ends. A client is a subclass that names its
/// command.
/// <code>
/// environment: AUDIT_SERVER, AUDIT_TOKEN; AUDIT_SPOOL (a file: what is recorded is kept there and sent in the background,
///   without it nothing counts before the node has it), AUDIT_SPOOL_LIMIT (bytes that may wait, 64 MiB),
///   AUDIT_PATIENCE (seconds for which a node that is away is tried, 30)
/// CALL is session_id, tool_call_id, tool_name, and where wanted task_id, agent, display_name, tier, turn,
///   provenance {provider, model}, requested_input, effective_input, permission, location, description, expires_at
/// {"do":"note","session_id","type","detail"}   {"ok":true} once it is on disk, or without a spool once the node has it
/// {"do":"record",CALL,"outcome":{"kind",…}}    the same; without a spool a violation is {"ok":false,"error"}
///   either, when too much waits                {"ok":false,"full":true,"error"}
/// {"do":"decide",CALL,"wait":SECONDS}          {"ok":true,"approved","decision","by","feedback"}; "decision" is null while
///   a person is awaited; no answer is {"ok":false,"approved":false,"error"}
/// {"do":"run",CALL,"wait","append":FILE,"text","fails"?}   decides, records started, and only then runs the tool, which
///   appends the text and a line feed to the file (and throws what "fails" says), and records completed:
///   {"ok":true,"ran":true,"decision"}, with "failed" where it threw; refused {"ok":true,"ran":false,"decision","feedback"};
///   no answer or no record {"ok":false,"ran":false,"error"}; ran, and its end not recorded {"ok":false,"ran":true,"error"};
///   with "twice" the same call is run by two at once: {"ok":true,"runs":NUMBER}
/// {"do":"flush","seconds":N}                   {"ok":true,"left":0} once all is sent, or {"ok":false,"left":LINES}
/// </code>
/// The spool is a file of lines; others of it begin with its name. Half a line at its end, as a crash leaves it, is
/// dropped and nothing else.
/// </summary>
public abstract partial class ClientContract(ContractNode served, params string[] command)
    : IClassFixture<ContractNode>, IAsyncLifetime
{
    private static int lastSession;

    private readonly HostedNode node = served.Node;
    private readonly string session = $"s-{Interlocked.Increment(ref lastSession)}";

    private string Ran => node.FileOf($"ran-{session}");

    private string Spool => node.FileOf($"spool-{session}");

    /// <summary>A test that failed may have left the node dead.</summary>
    public async Task InitializeAsync() => await node.StartAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [ContractFact]
    public async Task what_a_rule_or_a_person_approves_runs_and_nothing_else_does()
    {
        await using var host = Start();
        var approved = await host.AskAsync(Run("c-1", "read"));
        var rejected = await host.AskAsync(Run("c-2", "shell"));
        await host.TellAsync(Run("c-3", "write", wait: 60));
        await node.AnswerAsync(session, "c-3", "approve-once");
        var byPerson = (await host.AnswerAsync())!.Value;
        await host.TellAsync(Run("c-4", "write", wait: 60));
        await node.AnswerAsync(session, "c-4", "reject", "not on a Friday");
        var refused = (await host.AnswerAsync())!.Value;
        var unanswered = await host.AskAsync(Run("c-5", "write"));

        Assert.Equal("true true approve-once", Show(approved));
        Assert.Equal("true false reject use the sandbox", Show(rejected));
        Assert.Equal("true true approve-once", Show(byPerson));
        Assert.Equal("true false reject not on a Friday", Show(refused));
        Assert.Equal("true false ", Show(unanswered));
        Assert.Equal(["c-1", "c-3"], await File.ReadAllLinesAsync(Ran));
        Assert.Equal(
            ["requested", "requires_confirmation", "approved", "started", "completed"],
            await node.KindsAsync(session, "c-1"));
        Assert.Equal(["requested", "requires_confirmation", "blocked"], await node.KindsAsync(session, "c-2"));
        Assert.Equal(["requested", "requires_confirmation"], await node.KindsAsync(session, "c-5"));
        Assert.Equal(0, await host.EndAsync());
    }

    [ContractFact]
    public async Task a_decision_is_told_and_a_tool_that_fails_is_recorded_as_that()
    {
        await using var host = Start();
        var decided = await host.AskAsync(Decide("c-1", "read"));
        var failed = await host.AskAsync(Run("c-2", "read", fails: "no such record"));

        Assert.True(decided.GetProperty("approved").GetBoolean());
        Assert.Equal("policy", decided.GetProperty("by").GetString());
        Assert.Equal("no such record", failed.GetProperty("failed").GetString());
        var completed = (await node.CallAsync(session, "c-2"))[^1];
        Assert.Equal("completed", completed.GetProperty("kind").GetString());
        var result = completed.GetProperty("record").GetProperty("outcome").GetProperty("result");
        Assert.Equal((false, "no such record"), (result.GetProperty("success").GetBoolean(), result.GetProperty("output").GetString()));
    }

    [ContractFact]
    public async Task a_person_may_approve_with_any_word_that_the_node_takes_for_an_approval()
    {
        await using var host = Start();
        string[] words = ["approve-once", "approve-for-session", "approve-for-location", "approved"];
        foreach (var word in words)
        {
            await host.TellAsync(Run($"c-{word}", "write", wait: 60, tool: $"tool-{word}"));
            await node.AnswerAsync(session, $"c-{word}", word);
            Assert.Equal($"true true {word}", Show((await host.AnswerAsync())!.Value));
        }

        Assert.Equal(words.Length, (await File.ReadAllLinesAsync(Ran)).Length);
    }

    [ContractFact]
    public async Task a_question_outlives_a_node_that_is_killed_while_it_waits()
    {
        await using var host = Start(patience: 2);
        await host.TellAsync(Run("c-1", "write", wait: 120));
        await node.QuestionAsync(session, "c-1");
        await node.KillAsync();
        await Task.Delay(TimeSpan.FromSeconds(3));
        await node.StartAsync();
        await node.AnswerAsync(session, "c-1", "approve-once");

        Assert.Equal("true true approve-once", Show((await host.AnswerAsync())!.Value));
        Assert.Equal(["c-1"], await File.ReadAllLinesAsync(Ran));
    }

    [ContractFact]
    public async Task without_a_node_nothing_runs_and_nothing_counts_as_recorded()
    {
        await using var host = Start(patience: 1);
        await node.KillAsync();
        var run = await host.AskAsync(Run("c-1", "read"));
        var noted = await host.AskAsync(Note(1));
        var decided = await host.AskAsync(Decide("c-2", "read"));

        Assert.All([run, noted, decided], answer => Assert.False(answer.GetProperty("ok").GetBoolean()));
        Assert.All([run, noted, decided], answer => Assert.NotEmpty(answer.GetProperty("error").GetString()!));
        Assert.False(run.GetProperty("ran").GetBoolean());
        Assert.False(decided.GetProperty("approved").GetBoolean());
        Assert.False(File.Exists(Ran));
        await node.StartAsync();
        await using var patient = Start();
        Assert.Equal("true true approve-once", Show(await patient.AskAsync(Run("c-3", "read"))));
    }

    [ContractFact]
    public async Task without_a_policy_there_is_no_approval_and_nothing_runs()
    {
        await using var other = await HostedNode.StartAsync(policy: null);
        await using var host = Start(other);
        var answer = await host.AskAsync(Run("c-1", "read"));

        Assert.Equal("true false no-opinion", Show(answer));
        Assert.False(File.Exists(Ran));
    }

    [ContractFact]
    public async Task a_token_that_may_not_has_no_answer_and_nothing_runs()
    {
        await using var host = StartWith(new() { ["AUDIT_TOKEN"] = node.PersonToken });
        var answer = await host.AskAsync(Run("c-1", "read"));

        Assert.Equal((false, false), (answer.GetProperty("ok").GetBoolean(), answer.GetProperty("ran").GetBoolean()));
        Assert.False(File.Exists(Ran));
    }

    [ContractFact]
    public async Task once_it_is_stopped_no_tool_begins()
    {
        await using var host = Start();
        Assert.Equal("true true approve-once", Show(await host.AskAsync(Run("c-0", "read"))));
        var running = Task.Run(async () =>
        {
            var answers = new List<(TimeSpan At, bool Ran)>();
            var clock = Stopwatch.StartNew();
            for (var n = 1; answers.Count(answer => !answer.Ran) < 20; n++)
            {
                answers.Add((clock.Elapsed, (await host.AskAsync(Run($"c-{n}", "read"))).GetProperty("ran").GetBoolean()));
            }

            return answers;
        });
        await Task.Delay(200);
        await node.SendAsync(HttpMethod.Post, "v1/stops", node.PersonToken, new { source = "host", session_id = session, reason = "an incident" });
        var lines = File.ReadAllLines(Ran).Length;
        var all = await running;

        // What the stop found between its decision and its beginning may be one more; after the first refusal there is none.
        Assert.InRange((await File.ReadAllLinesAsync(Ran)).Length, lines, lines + 1);
        Assert.All(all.SkipWhile(answer => answer.Ran), answer => Assert.False(answer.Ran));
        Assert.Contains(all, answer => answer.Ran);
    }

    [ContractFact]
    public async Task a_record_that_breaks_the_law_is_told_where_the_node_is_waited_for()
    {
        await using var host = Start();
        await host.AskAsync(Run("c-1", "shell"));
        var answer = await host.AskAsync(Record("c-1", new { kind = "completed", result = new { success = true, output = "" } }));

        Assert.False(answer.GetProperty("ok").GetBoolean());
        Assert.NotEmpty(answer.GetProperty("error").GetString()!);
    }

    [ContractFact]
    public async Task what_is_spooled_while_the_node_is_away_is_sent_in_order_when_it_is_back()
    {
        await using var host = StartSpooling();
        await node.KillAsync();
        for (var n = 0; n < 50; n++)
        {
            Assert.True((await host.AskAsync(Note(n))).GetProperty("ok").GetBoolean());
        }

        Assert.True((await host.AskAsync(Record("c-1", new { kind = "requested" }))).GetProperty("ok").GetBoolean());
        Assert.False((await host.AskAsync(new { @do = "flush", seconds = 0.2 })).GetProperty("ok").GetBoolean());
        await host.KillAsync();
        await File.AppendAllTextAsync(Spool, "{\"session_id\":\"torn");
        await node.StartAsync();
        await using var again = StartSpooling();

        var flushed = await again.AskAsync(new { @do = "flush", seconds = 60 });
        Assert.True(flushed.GetProperty("ok").GetBoolean(), again.Troubles);
        Assert.Equal(Enumerable.Range(0, 50), await node.NotesAsync(session));
        Assert.Equal(["requested"], await node.KindsAsync(session, "c-1"));
    }

    [ContractFact]
    public async Task a_full_spool_says_so_and_keeps_what_it_promised()
    {
        await using var host = StartSpooling(limit: 4096);
        await node.KillAsync();
        var kept = 0;
        JsonElement answer;
        while ((answer = await host.AskAsync(Note(kept))).GetProperty("ok").GetBoolean())
        {
            kept++;
            Assert.InRange(kept, 1, 100);
        }

        Assert.True(answer.GetProperty("full").GetBoolean());
        await node.StartAsync();
        Assert.True((await host.AskAsync(new { @do = "flush", seconds = 60 })).GetProperty("ok").GetBoolean(), host.Troubles);
        Assert.Equal(Enumerable.Range(0, kept), await node.NotesAsync(session));
        Assert.True((await host.AskAsync(Note(kept))).GetProperty("ok").GetBoolean());
    }

    [ContractFact]
    public async Task a_spool_that_another_process_has_is_not_opened()
    {
        await using var host = StartSpooling();
        Assert.True((await host.AskAsync(Note(0))).GetProperty("ok").GetBoolean());
        await using var second = StartSpooling();
        await second.TellAsync(Note(-1));
        var refused = await second.AnswerAsync();

        // It may say so, or end.
        Assert.False(refused is { } answer && answer.GetProperty("ok").GetBoolean());
        Assert.True((await host.AskAsync(Note(1))).GetProperty("ok").GetBoolean());
        Assert.True((await host.AskAsync(new { @do = "flush", seconds = 60 })).GetProperty("ok").GetBoolean(), host.Troubles);
        Assert.Equal([0, 1], await node.NotesAsync(session));
    }

    [ContractFact]
    public async Task what_the_node_refuses_leaves_the_spool_and_lies_beside_it()
    {
        await using var host = StartSpooling();
        await host.AskAsync(Record("c-1", new { kind = "completed", result = new { success = true, output = "x" } }, new string('i', 2000)));
        Assert.True((await host.AskAsync(Note(1))).GetProperty("ok").GetBoolean());

        Assert.True((await host.AskAsync(new { @do = "flush", seconds = 60 })).GetProperty("ok").GetBoolean(), host.Troubles);
        Assert.Equal([1], await node.NotesAsync(session));
        var refused = JsonSerializer.Deserialize<JsonElement>(Assert.Single(await File.ReadAllLinesAsync(Spool + ".refused")));
        Assert.Equal("invalid", refused.GetProperty("receipt").GetProperty("status").GetString());
        Assert.True(refused.GetProperty("item").TryGetProperty("record", out _));
    }

    [ContractFact]
    public async Task what_is_no_command_is_answered_and_the_next_goes_on()
    {
        await using var host = Start();
        Assert.False((await host.AskAsync(new { @do = "dance" })).GetProperty("ok").GetBoolean());
        Assert.True((await host.AskAsync(Note(1))).GetProperty("ok").GetBoolean());
    }

    [ContractFact]
    public async Task nothing_is_lost_doubled_or_out_of_order_however_host_and_node_die()
    {
        await using var rounds = await ClientRounds.StartAsync(command, seed: 16);
        for (var round = 0; round < 4; round++)
        {
            await rounds.PlayAsync();
        }

        var result = await rounds.EndAsync();
        Assert.True(result is { Acknowledged: > 0, Ran: > 0 });
        Assert.Empty(result.Lost);
        Assert.Empty(result.Doubled);
        Assert.Empty(result.Wrong);
    }

    private static string Show(JsonElement answer) => !answer.TryGetProperty("decision", out _) ? answer.GetRawText() : string.Join(
        ' ',
        new[] { "ok", "ran" }.Select(name => answer.GetProperty(name).GetBoolean() ? "true" : "false")
            .Append(answer.GetProperty("decision").GetString())
            .Concat(answer.TryGetProperty("feedback", out var said) && said.GetString() is { } text ? [text] : []));

    private ClientProcess Start(HostedNode? other = null, double patience = 30) => StartWith(
        new() { ["AUDIT_PATIENCE"] = patience.ToString(System.Globalization.CultureInfo.InvariantCulture) }, other);

    private ClientProcess StartSpooling(int limit = 1 << 20) =>
        StartWith(new() { ["AUDIT_SPOOL"] = Spool, ["AUDIT_SPOOL_LIMIT"] = $"{limit}" });

    private ClientProcess StartWith(Dictionary<string, string> environment, HostedNode? other = null)
    {
        environment.TryAdd("AUDIT_SERVER", (other ?? node).Url.ToString());
        environment.TryAdd("AUDIT_TOKEN", (other ?? node).HostToken);
        return ClientProcess.Start(command, node.FileOf("."), environment);
    }

    private object Run(string call, string kind, int wait = 0, string? fails = null, string tool = "tool") => new
    {
        @do = "run", session_id = session, tool_call_id = call, tool_name = tool, turn = 1, agent = "a-1",
        effective_input = new { a = call }, permission = new { kind }, wait, append = Ran, text = call, fails,
    };

    private object Decide(string call, string kind) => new
    {
        @do = "decide", session_id = session, tool_call_id = call, tool_name = "tool", turn = 1,
        effective_input = new { a = call }, permission = new { kind },
    };

    private object Record(string call, object outcome, string? tool = null) => new
    {
        @do = "record", session_id = session, tool_call_id = tool ?? call, tool_name = "tool", turn = 1, outcome,
    };

    private object Note(int n) => new { @do = "note", session_id = session, type = "step", detail = new { n } };
}

/// <summary>The node that the tests of one client ask.</summary>
public sealed class ContractNode : IAsyncLifetime
{
    private const string Policy = """
        {"preset":"ask","trust":"claimed","rules":[
          {"name":"reads","kind":"read","then":"approve-once"},
          {"name":"no shell","kind":"shell","then":"reject","feedback":"use the sandbox"}]}
        """;

    public HostedNode Node { get; private set; } = null!;

    public async Task InitializeAsync() => Node = await HostedNode.StartAsync(Policy);

    public async Task DisposeAsync() => await Node.DisposeAsync();
}
