using Audit.Client.AI;
using Microsoft.Extensions.AI;

namespace Audit.Client.Tests;

/// <summary>The functions of a chat, each guarded by a node.</summary>
public sealed class FunctionAuditTests(ContractNode served) : IClassFixture<ContractNode>
{
    private static int lastSession;

    private readonly HostedNode node = served.Node;
    private readonly string session = $"ai-{Interlocked.Increment(ref lastSession)}";

    [Fact]
    public async Task an_approved_function_runs_and_its_whole_life_is_in_the_book()
    {
        await using var client = Open();
        var function = Audit(client, "read").Guard(
            AIFunctionFactory.Create((string path, int lines) => new { path, lines }, "read_file"));
        var given = await function.InvokeAsync(new() { ["path"] = "a.txt", ["lines"] = 3 });

        Assert.Equal("a.txt", Assert.IsType<JsonElement>(given).GetProperty("path").GetString());
        Assert.Equal(["requested", "requires_confirmation", "approved", "started", "completed"], await node.KindsAsync(session, "c-1"));
        var record = (await node.CallAsync(session, "c-1"))[^1].GetProperty("record");
        Assert.Equal("read_file", record.GetProperty("tool_name").GetString());
        Assert.Equal(
            """{"path":"a.txt","lines":3}""", record.GetProperty("effective_input").GetRawText().Replace(" ", "", StringComparison.Ordinal));
        var result = record.GetProperty("outcome").GetProperty("result");
        Assert.Equal((true, 3), (result.GetProperty("success").GetBoolean(), result.GetProperty("data").GetProperty("lines").GetInt32()));
    }

    [Fact]
    public async Task a_refused_function_does_not_run_and_the_model_is_told_why()
    {
        await using var client = Open();
        var ran = false;
        var function = Audit(client, "shell").Guard(AIFunctionFactory.Create(() => ran = true, "run"));

        Assert.Equal("use the sandbox", await function.InvokeAsync());
        Assert.False(ran);
        Assert.Equal("blocked", (await node.KindsAsync(session, "c-1"))[^1]);
    }

    [Fact]
    public async Task without_an_answer_nothing_runs()
    {
        await using var client = new AuditClient(new AuditClientOptions
        {
            Server = new Uri("http://127.0.0.1:1"), Token = "none", Patience = TimeSpan.FromMilliseconds(200),
        });
        var ran = false;
        var function = Audit(client, "read").Guard(AIFunctionFactory.Create(() => ran = true, "run"));

        await Assert.ThrowsAsync<AuditException>(async () => await function.InvokeAsync());
        Assert.False(ran);
    }

    [Fact]
    public async Task what_throws_throws_and_its_failure_is_in_the_book()
    {
        await using var client = Open();
        string Broken() => throw new FormatException("no number");
        var function = Audit(client, "read").Guard(AIFunctionFactory.Create(Broken, "broken"));

        await Assert.ThrowsAsync<FormatException>(async () => await function.InvokeAsync());
        Assert.False((await ResultAsync()).GetProperty("success").GetBoolean());
    }

    [Fact]
    public async Task text_files_and_what_is_no_json_are_recorded_as_what_the_function_gave()
    {
        await using var client = Open();
        object[] results =
        [
            "plain", new TextContent("said"), new List<AIContent> { new TextContent("one"), new DataContent(new byte[] { 1, 2 }, "image/png") },
            new Endless(), new { number = double.NaN }, new HashSet<double> { double.NaN }, new Queue<int>([1, 2]), string.Join(' ', Enumerable.Repeat("long", 5_000_000)),
        ];
        var recorded = new List<JsonElement>();
        for (var index = 0; index < results.Length; index++)
        {
            var (result, id) = (results[index], $"c-{index}");
            var function = new FunctionAudit(client, session) { CallId = () => id, Describe = AsRead }
                .Guard(new Given(result));
            Assert.Same(result, await function.InvokeAsync());
            recorded.Add(await ResultAsync(id));
        }

        Assert.Equal(["plain", "said", "one"], recorded.Take(3).Select(one => one.GetProperty("output").GetString()));
        Assert.Equal("image/png", recorded[2].GetProperty("documents")[0].GetProperty("media_type").GetString());
        Assert.StartsWith("A Endless, which cannot be written as JSON", recorded[3].GetProperty("output").GetString());
        Assert.Contains("which cannot be written as JSON", recorded[4].GetProperty("output").GetString());
        Assert.Contains("which cannot be written as JSON", recorded[5].GetProperty("output").GetString());
        Assert.Equal(2, recorded[6].GetProperty("data")[1].GetInt32());
        Assert.StartsWith("long long", recorded[7].GetProperty("output").GetString());
        Assert.All(recorded, one => Assert.True(one.GetProperty("success").GetBoolean()));
    }

    [Fact]
    public async Task what_does_its_work_while_it_is_read_does_it_once()
    {
        await using var client = Open();
        var sent = 0;
        IEnumerable<AIContent> Send()
        {
            sent++;
            yield return new TextContent($"sent {sent}");
        }

        IEnumerable<int> Count()
        {
            sent++;
            yield return sent;
        }

        var given = await Audit(client, "read").Guard(new Given(Send())).InvokeAsync();
        Assert.Equal("sent 1", ((TextContent)Assert.Single(Assert.IsAssignableFrom<IEnumerable<AIContent>>(given))).Text);
        Assert.Equal("sent 1", (await ResultAsync()).GetProperty("output").GetString());

        var guard = new FunctionAudit(client, session) { CallId = () => "c-2", Describe = AsRead };
        Assert.Equal([2], Assert.IsType<List<int>>(await guard.Guard(new Given(Count())).InvokeAsync()));
        Assert.Equal(2, sent);
    }

    [Fact]
    public async Task a_sequence_that_cannot_be_written_ran_and_one_that_breaks_failed()
    {
        await using var client = Open();
        IEnumerable<double> Broken()
        {
            yield return 1;
            throw new FormatException("no number");
        }

        var given = await Audit(client, "read").Guard(new Given(Enumerable.Range(0, 2).Select(_ => double.NaN))).InvokeAsync();
        Assert.Equal([double.NaN, double.NaN], Assert.IsAssignableFrom<IEnumerable<double>>(given));
        Assert.True((await ResultAsync()).GetProperty("success").GetBoolean());
        Assert.Contains("which cannot be written as JSON", (await ResultAsync()).GetProperty("output").GetString());

        var guard = new FunctionAudit(client, session) { CallId = () => "c-2", Describe = AsRead };
        await Assert.ThrowsAsync<FormatException>(async () => await guard.Guard(new Given(Broken())).InvokeAsync());
        Assert.False((await ResultAsync("c-2")).GetProperty("success").GetBoolean());
    }

    [Fact]
    public async Task a_result_that_says_it_failed_is_recorded_as_a_failure()
    {
        await using var client = Open();
        object[] results = [new ErrorContent("no such file"), JsonSerializer.SerializeToElement(new { isError = true })];
        for (var index = 0; index < results.Length; index++)
        {
            var id = $"c-{index}";
            await new FunctionAudit(client, session) { CallId = () => id, Describe = AsRead }.Guard(new Given(results[index])).InvokeAsync();
            Assert.False((await ResultAsync(id)).GetProperty("success").GetBoolean());
        }
    }

    [Fact]
    public async Task arguments_that_are_changed_while_a_person_is_asked_do_not_run()
    {
        await using var client = Open();
        var ran = false;
        var function = new FunctionAudit(client, session) { CallId = () => "c-1", Wait = TimeSpan.FromMinutes(5) }
            .Guard(AIFunctionFactory.Create((string path) => ran = true, "open"));
        var arguments = new AIFunctionArguments { ["path"] = "a.txt" };
        var running = function.InvokeAsync(arguments).AsTask();
        await node.QuestionAsync(session, "c-1");
        arguments["path"] = "/etc/passwd";
        await node.AnswerAsync(session, "c-1", "approve-once");

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => running);
        Assert.Contains("were changed after they were decided on", failure.Message);
        Assert.False(ran);
        Assert.False((await ResultAsync()).GetProperty("success").GetBoolean());
    }

    [Fact]
    public async Task a_function_for_which_nobody_answers_in_time_does_not_run()
    {
        await using var client = Open();
        var ran = false;
        var function = new FunctionAudit(client, session) { CallId = () => "c-1" }.Guard(AIFunctionFactory.Create(() => ran = true, "run"));

        Assert.Equal("Nobody has approved this call yet.", await function.InvokeAsync());
        Assert.False(ran);
    }

    [Fact]
    public async Task a_call_that_has_no_id_of_the_model_gets_one_of_its_own()
    {
        await using var client = Open();
        var function = new FunctionAudit(client, session) { CallId = () => null, Describe = AsRead }
            .Guard(AIFunctionFactory.Create(() => "done", "run"));
        for (var time = 0; time < 2; time++)
        {
            Assert.Equal("done", $"{await function.InvokeAsync()}");
        }

        var calls = (await node.SessionAsync(session)).Select(one => one.GetProperty("record").GetProperty("tool_call_id").GetString());
        Assert.Equal(2, calls.Distinct().Count());
    }

    [Fact]
    public async Task a_tool_that_runs_elsewhere_is_not_taken_for_guarded()
    {
        await using var client = Open();
        var guard = Audit(client, "read");
        var function = AIFunctionFactory.Create(() => "done", "run");
        var refusal = Assert.Throws<ArgumentException>(() => guard.Guard([function, new HostedWebSearchTool()]));

        Assert.Contains("does not run within this process", refusal.Message);
        Assert.Equal("run", Assert.Single(guard.Guard([function])).Name);
    }

    private static AuditCall AsRead(AuditCall call) => call with { PermissionKind = "read" };

    private AuditClient Open() => new(new AuditClientOptions { Server = node.Url, Token = node.HostToken });

    private FunctionAudit Audit(AuditClient client, string kind) => new(client, session)
    {
        CallId = () => "c-1", Describe = call => call with { PermissionKind = kind },
    };

    private async Task<JsonElement> ResultAsync(string call = "c-1") =>
        (await node.CallAsync(session, call))[^1].GetProperty("record").GetProperty("outcome").GetProperty("result");

    private sealed class Given(object? result) : AIFunction
    {
        public override string Name => "given";

        protected override ValueTask<object?> InvokeCoreAsync(
            AIFunctionArguments arguments, CancellationToken cancellationToken) => new(result);
    }

    private sealed class Endless
    {
        public Endless Self => this;
    }
}
