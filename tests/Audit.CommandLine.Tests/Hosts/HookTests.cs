using System.Text.Json;

namespace Audit.CommandLine.Tests.Hosts;

/// <summary>`audit hook`: documented payloads in, the host's own answers out.</summary>
public sealed class HookTests : IDisposable
{
    private const int Blocks = 2;

    private const string Rules = """
        {"preset":"approve-all","rules":[
          {"name":"no shell","tool":["Bash","bash"],"then":"reject","feedback":"use the sandbox"},
          {"name":"ask first","tool":["Write","create"],"then":"ask"}]}
        """;

    private const string Claude =
        """ "session_id":"cc-1","transcript_path":"/t.jsonl","cwd":"/w","permission_mode":"default" """;

    private const string Copilot = """ "sessionId":"cp-1","timestamp":1704614600000,"cwd":"/w" """;

    private readonly TemporaryDirectory directory = new();

    public void Dispose() => directory.Dispose();

    public static TheoryData<string, string, bool?, string> Asked => new()
    {
        { "claude-code", $$"""{ {{Claude}},"hook_event_name":"PreToolUse","tool_name":"Read","tool_input":{"file_path":"/a"},"tool_use_id":"u-1"}""", true, "approved, and written down" },
        { "claude-code", $$"""{ {{Claude}},"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"ls"},"tool_use_id":"u-1"}""", false, "use the sandbox (by policy, rule \"no shell\")" },
        { "claude-code", $$"""{ {{Claude}},"hook_event_name":"PreToolUse","tool_name":"Write","tool_input":{ },"tool_use_id":"u-1"}""", false, "a person has to approve it, and nobody did within 1 s; what waits is at " },
        { "copilot preToolUse", $$"""{ {{Copilot}},"toolName":"view","toolArgs":{"path":"/a"} }""", true, "approved, and written down" },
        { "copilot preToolUse", $$"""{ {{Copilot}},"toolName":"bash","toolArgs":"{\"command\":\"ls\"}"}""", false, "use the sandbox (by policy, rule \"no shell\")" },
        { "copilot preToolUse", $$"""{ {{Copilot}},"toolName":"create","toolArgs":null}""", false, "a person has to approve it, and nobody did within 1 s; what waits is at " },
        { "copilot", """{"hook_event_name":"PreToolUse","session_id":"cp-1","timestamp":"2026-11-22T10:00:00Z","cwd":"/w","tool_name":"Bash","tool_input":{"command":"ls"}}""", false, "use the sandbox (by policy, rule \"no shell\")" },
    };

    [Theory]
    [MemberData(nameof(Asked))]
    public async Task what_is_decided_is_said_in_the_words_of_the_host(string host, string payload, bool? runs, string reason)
    {
        await using var node = await AskedNode.StartAsync(Rules);

        var result = (await HookAsync(node, host, payload, "--wait", "1s")).Require(ExitCode.Fine);

        var said = JsonElement.Parse(Assert.Single(result.OutLines));
        if (host == "claude-code")
        {
            said = Assert.Single(said.EnumerateObject()).Value;
            Assert.Equal("PreToolUse", said.GetProperty("hookEventName").GetString());
        }

        Assert.Equal(
            host == "claude-code" ? ["hookEventName", "permissionDecision", "permissionDecisionReason"] : ["permissionDecision", "permissionDecisionReason"],
            said.EnumerateObject().Select(member => member.Name));
        Assert.Equal(runs == true ? "allow" : "deny", said.GetProperty("permissionDecision").GetString());
        Assert.StartsWith(reason, said.GetProperty("permissionDecisionReason").GetString(), StringComparison.Ordinal);
        Assert.Single(await node.CallsAsync());
    }

    [Theory]
    [InlineData("claude-code", """{"hook_event_name":"PreToolUse","session_id":"s","tool_name":"Read","tool_input":{ },"tool_use_id":"u-1"}""")]
    [InlineData("copilot preToolUse", """{"sessionId":"s","timestamp":1,"cwd":"/w","toolName":"view","toolArgs":{}}""")]
    public async Task where_nothing_is_enforced_the_host_is_told_nothing_and_the_call_is_in_the_book(string host, string payload)
    {
        await using var node = await AskedNode.StartAsync(policy: null);

        Assert.Empty((await HookAsync(node, host, payload)).Require(ExitCode.Fine).Out);
        Assert.Equal(["requested"], await node.KindsAsync(1));
    }

    [Theory]
    [InlineData("claude-code", "")]
    [InlineData("claude-code", "[]")]
    [InlineData("claude-code", """{"session_id":"s","hook_event_name":"PreToolUse","tool_name":"a","tool_name":"b","tool_use_id":"u"}""")]
    [InlineData("claude-code", """{"session_id":"s","hook_event_name":"PreToolUse","tool_name":"a"}""")]
    [InlineData("claude-code", """{"hook_event_name":"PreToolUse","tool_name":"a","tool_use_id":"u"}""")]
    [InlineData("copilot", """{"sessionId":"s","toolName":"a","toolArgs":{}}""")]
    [InlineData("copilot preToolUse", """{"sessionId":"s","toolArgs":{}}""")]
    [InlineData("copilot noSuchHook", """{"sessionId":"s"}""")]
    [InlineData("claude-code", """{"session_id":"a|b","hook_event_name":"PostToolUse","tool_name":"a","tool_input":{},"tool_response":"","tool_use_id":"u"}""")]
    public async Task what_is_no_payload_blocks_and_says_why(string host, string payload)
    {
        await using var node = await AskedNode.StartAsync(Rules);

        var result = (await HookAsync(node, host, payload)).Require(Blocks);

        Assert.Empty(result.Out);
        Assert.StartsWith("audit hook: ", result.Error, StringComparison.Ordinal);
        Assert.Empty(await node.CallsAsync());
    }

    [Theory]
    [InlineData("claude-code", """{"hook_event_name":"PreToolUse","session_id":"s","tool_name":"Read","tool_input":{ },"tool_use_id":"u-1"}""", true)]
    [InlineData("copilot preToolUse", """{"sessionId":"s","timestamp":1,"cwd":"/w","toolName":"view","toolArgs":{}}""", true)]
    [InlineData("claude-code", """{"hook_event_name":"PostToolUse","session_id":"s","tool_name":"Read","tool_input":{},"tool_response":"","tool_use_id":"u-1"}""", false)]
    [InlineData("copilot postToolUse", """{"sessionId":"s","timestamp":1,"cwd":"/w","toolName":"view","toolArgs":{},"toolResult":{"resultType":"success","textResultForLlm":""}}""", false)]
    [InlineData("claude-code", """{"hook_event_name":"UserPromptSubmit","session_id":"s","prompt":"go on"}""", false, ExitCode.Failed)]
    [InlineData("copilot sessionStart", """{"sessionId":"s","timestamp":1,"cwd":"/w","source":"new"}""", false, ExitCode.Failed)]
    public async Task without_a_node_it_does_what_it_was_told_to(string host, string payload, bool asks, int code = Blocks)
    {
        string[] nowhere = ["--data", directory.Path, "--state", directory.File("state")];
        var denied = await RunAsync(host, payload, nowhere);
        var allowed = (await RunAsync(host, payload, [.. nowhere, "--when-down", "allow"])).Require(ExitCode.Fine);

        Assert.Equal(asks ? ExitCode.Fine : code, denied.ExitCode);
        Assert.Contains("no node runs", asks ? denied.Out : denied.Error, StringComparison.Ordinal);
        Assert.Equal(asks, denied.Out.Contains("\"permissionDecision\":\"deny\"", StringComparison.Ordinal));
        Assert.Empty(allowed.Out);
        Assert.Contains("no node runs", allowed.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "claude-code",
        $$"""{ {{Claude}},"hook_event_name":"PreToolUse","tool_name":"Read","tool_input":{"file_path":"/a"},"tool_use_id":"u-1"}""",
        $$"""{ {{Claude}},"hook_event_name":"PostToolUse","tool_name":"Read","tool_input":{"file_path":"/a"},"tool_response":{"stdout":"text" },"tool_use_id":"u-1"}""",
        $$"""{ {{Claude}},"hook_event_name":"SessionEnd","reason":"other"}""")]
    [InlineData(
        "copilot",
        """{"hook_event_name":"PreToolUse","session_id":"cp-1","timestamp":"2026-11-22T10:00:00Z","cwd":"/w","tool_name":"view","tool_input":{"path":"/a"}}""",
        """{"hook_event_name":"PostToolUse","session_id":"cp-1","timestamp":"2026-11-22T10:00:01Z","cwd":"/w","tool_name":"view","tool_input":{"path":"/a"},"tool_result":{"result_type":"success","text_result_for_llm":"text"}}""",
        """{"hook_event_name":"SessionEnd","session_id":"cp-1","timestamp":"2026-11-22T10:00:02Z","cwd":"/w","reason":"complete"}""")]
    public async Task what_was_allowed_without_a_node_is_in_the_book_once_there_is_one(string host, string asks, string tells, string ends)
    {
        string[] away = ["--data", directory.Path, "--state", directory.File("state"), "--when-down", "allow"];
        Assert.Empty((await RunAsync(host, asks, away)).Require(ExitCode.Fine).Out);
        (await RunAsync(host, tells, away)).Require(ExitCode.Fine);
        await using var node = await AskedNode.StartAsync(Rules);

        (await HookAsync(node, host, ends)).Require(ExitCode.Fine);

        Assert.Equal(["requested", "completed"], await node.KindsAsync(2));
        var left = Assert.Single(await node.NotesAsync("left_to_host")).GetProperty("detail");
        var call = Assert.Single(await node.CallsAsync());
        Assert.Equal(
            (call.GetProperty("tool_call_id").GetString(), "allow"),
            (left.GetProperty("tool_call_id").GetString(), left.GetProperty("when_down").GetString()));
        Assert.Contains("no node runs", left.GetProperty("why").GetString(), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(directory.File("state"), "unsent")));
    }

    [Fact]
    public async Task what_cannot_be_kept_does_not_run_either()
    {
        Directory.CreateDirectory(directory.File("state"));
        await File.WriteAllTextAsync(Path.Combine(directory.File("state"), "unsent"), "no directory");

        var result = await RunAsync(
            "claude-code", Asked.Select(row => (string)row[1]).First(),
            ["--data", directory.Path, "--state", directory.File("state"), "--when-down", "allow"]);

        Assert.Equal((Blocks, ""), (result.ExitCode, result.Out));
    }

    [Fact]
    public async Task a_token_that_is_refused_is_no_node_that_is_away()
    {
        await using var node = await AskedNode.StartAsync(Rules);
        await File.WriteAllTextAsync(directory.File("token"), "aat_" + new string('A', 43));
        var result = await RunAsync(
            "claude-code", Asked.Select(row => (string)row[1]).First(),
            ["--server", node.Url, "--token-file", directory.File("token"), "--when-down", "allow"]);
        Assert.Contains("\"permissionDecision\":\"deny\"", result.Require(ExitCode.Fine).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_session_of_claude_code_is_one_account()
    {
        await using var node = await AskedNode.StartAsync(Rules);
        string[] payloads =
        [
            $$"""{ {{Claude}},"hook_event_name":"SessionStart","source":"startup"}""",
            $$"""{ {{Claude}},"hook_event_name":"PreToolUse","tool_name":"Read","tool_input":{"file_path":"/a"},"tool_use_id":"u-1"}""",
            $$"""{ {{Claude}},"hook_event_name":"PostToolUse","tool_name":"Read","tool_input":{"file_path":"/a"},"tool_response":{"stdout":"text" },"tool_use_id":"u-1","duration_ms":3}""",
            $$"""{ {{Claude}},"hook_event_name":"PreToolUse","tool_name":"Glob","tool_input":{ },"tool_use_id":"u-2"}""",
            $$"""{ {{Claude}},"hook_event_name":"PostToolUseFailure","tool_name":"Glob","tool_input":{ },"tool_use_id":"u-2","error":"no such place"}""",
            $$"""{ {{Claude}},"hook_event_name":"SessionEnd","reason":"other"}""",
        ];
        foreach (var payload in payloads)
        {
            (await HookAsync(node, "claude-code", payload, "--task", "t-1")).Require(ExitCode.Fine);
        }

        Assert.Equal(["requested", "requires_confirmation", "approved", "completed"], await node.KindsAsync(4));
        var calls = await node.CallsAsync();
        Assert.Equal(["u-1", "u-2"], calls.Select(call => call.GetProperty("tool_call_id").GetString()));
        Assert.All(calls, call => Assert.Equal(("t-1", 0), (call.GetProperty("task_id").GetString(), call.GetProperty("violations").GetInt32())));
        Assert.Equal([true, false], calls.Select(call => call.GetProperty("success").GetBoolean()));
        Assert.Single(await node.NotesAsync("started"));
        Assert.Single(await node.NotesAsync("ended"));
    }

    [Fact]
    public async Task a_session_of_copilot_is_one_account_although_it_names_no_calls()
    {
        await using var node = await AskedNode.StartAsync(Rules);
        const string Same = """ "toolName":"view","toolArgs":{"path":"/a"} """;
        (string Hook, string Payload)[] said =
        [
            ("sessionStart", $$"""{ {{Copilot}},"source":"new"}"""),
            ("preToolUse", $$"""{ {{Copilot}},{{Same}} }"""),
            ("preToolUse", $$"""{ {{Copilot}},{{Same}} }"""),
            ("postToolUse", $$"""{ {{Copilot}},{{Same}},"toolResult":{"resultType":"success","textResultForLlm":"text"} }"""),
            ("postToolUseFailure", $$"""{ {{Copilot}},{{Same}},"error":"no such place"}"""),
            ("sessionEnd", $$"""{ {{Copilot}},"reason":"complete"}"""),
        ];
        foreach (var (hook, payload) in said)
        {
            (await HookAsync(node, $"copilot {hook}", payload)).Require(ExitCode.Fine);
        }

        Assert.Equal(["requested", "requires_confirmation", "approved", "completed"], await node.KindsAsync(4));
        Assert.Equal(["requested", "requires_confirmation", "approved", "completed"], await node.KindsAsync(4, call: 1));
        Assert.Equal([true, false], (await node.CallsAsync()).Select(call => call.GetProperty("success").GetBoolean()));
        Assert.Single(await node.NotesAsync("ended"));
        Assert.Empty(Directory.GetFiles(directory.File("state")));
    }

    [Fact]
    public async Task a_hook_waits_for_a_person()
    {
        await using var node = await AskedNode.StartAsync(Rules);
        var waiting = HookAsync(node, "claude-code", Asked.Select(row => (string)row[1]).ElementAt(2));
        await node.DecideAsync("approve-once");
        Assert.Contains("\"permissionDecision\":\"allow\"", (await waiting).Require(ExitCode.Fine).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task the_configuration_names_every_hook_and_leaves_it_more_time_than_a_person()
    {
        string[] options = ["--server", "http://127.0.0.1:5080", "--token-file", "a b", "--print-config", "--wait", "100s"];
        var claude = JsonElement.Parse((await RunAsync("claude-code", "", options)).Require(ExitCode.Fine).Out).GetProperty("hooks");
        var copilot = JsonElement.Parse((await RunAsync("copilot", "", options)).Require(ExitCode.Fine).Out);

        Assert.Equal(
            ["PreToolUse", "PostToolUse", "PostToolUseFailure", "PermissionDenied", "UserPromptSubmit", "SessionStart", "SessionEnd"],
            claude.EnumerateObject().Select(hook => hook.Name));
        var first = claude.GetProperty("PreToolUse")[0].GetProperty("hooks")[0];
        Assert.Equal(
            ("command", "audit hook claude-code --server http://127.0.0.1:5080 --token-file 'a b' --wait 100s", 120, "block"),
            (first.GetProperty("type").GetString(), first.GetProperty("command").GetString(), first.GetProperty("timeout").GetInt32(), first.GetProperty("onFailure").GetString()));
        Assert.Equal(1, copilot.GetProperty("version").GetInt32());
        var named = copilot.GetProperty("hooks").EnumerateObject().ToDictionary(hook => hook.Name, hook => hook.Value[0]);
        Assert.All(named, hook => Assert.StartsWith($"audit hook copilot {hook.Key} --server ", hook.Value.GetProperty("command").GetString(), StringComparison.Ordinal));
        Assert.Equal((7, 120), (named.Count, named["preToolUse"].GetProperty("timeoutSec").GetInt32()));
    }

    private Task<CommandResult> HookAsync(AskedNode node, string host, string payload, params string[] options) =>
        RunAsync(host, payload, [.. node.AsHost, "--state", directory.File("state"), .. options]);

    private static Task<CommandResult> RunAsync(string host, string payload, string[] options) =>
        InProcess.RunAsync(".", ["hook", .. host.Split(' '), .. options], payload);
}
