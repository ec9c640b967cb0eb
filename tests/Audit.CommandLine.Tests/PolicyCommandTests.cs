using System.Collections;

namespace Audit.CommandLine.Tests;

public sealed class PolicyCommandTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task a_policy_is_checked_and_what_may_not_be_meant_is_named()
    {
        Write("policy.json", """{"preset":"ask","rules":[{"name":"a","input":{"cmd":"git *"},"then":"approve-once"}]}""");

        var checkedIt = (await RunAsync("policy", "check", "policy.json")).Require(ExitCode.Fine);

        Assert.Contains("preset ask, rules 1, mode enforce", checkedIt.Out, StringComparison.Ordinal);
        Assert.Contains("a pattern over free text", checkedIt.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"rules":[{"name":"a","then":"allow"}]}""", ExitCode.Failed, "policy.json is not a policy: rules[0].then: one of")]
    [InlineData(null, ExitCode.WrongUse, "policy.json cannot be read")]
    public async Task what_is_no_policy_is_refused_with_a_sentence(string? json, int code, string sentence)
    {
        if (json is not null)
        {
            Write("policy.json", json);
        }

        var refused = (await RunAsync("policy", "check", "policy.json")).Require(code);

        Assert.Contains(sentence, Assert.Single(refused.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_request_is_tried_with_what_a_node_would_know()
    {
        Write("policy.json", """
            {"rules":[{"name":"in a window","tool":"sql.*","window":"open","then":"approve-once"},
              {"name":"sources","source":"ci-*","then":"ask"}]}
            """);
        Write("request.json", """
            {"session_id":"s-1","task_id":"t-1","agent":"a-1","tool_call_id":"c-1","tool_name":"sql.exec","effective_input":{"sql":"SELECT 1"}}
            """);

        var denied = (await RunAsync("policy", "test", "policy.json", "request.json")).Require(ExitCode.Fine);
        var asked = await RunAsync("policy", "test", "policy.json", "request.json", "--source", "ci-7");
        var approved = await RunAsync("policy", "test", "policy.json", "request.json", "--window", "w-1", "--bound");

        Assert.Equal("reject by the preset deny-all", denied.OutLines[0]);
        Assert.Contains("Rule \"in a window\" does not match: window.", denied.OutLines);
        Assert.Equal("ask by the rule \"sources\"", asked.Require(ExitCode.Fine).OutLines[0]);
        Assert.Equal("approve-once by the rule \"in a window\"", approved.Require(ExitCode.Fine).OutLines[0]);
    }

    [Theory]
    [InlineData("""{"tool_call_id":"c-1"}""", "tool_name: missing")]
    [InlineData("""{"tool_call_id":"c-1","tool_name":"x","input":{}}""", "input: not known; accepted are session_id")]
    public async Task what_is_no_request_is_refused_with_a_sentence(string json, string sentence)
    {
        Write("policy.json", "{}");
        Write("request.json", json);

        var refused = (await RunAsync("policy", "test", "policy.json", "request.json")).Require(ExitCode.Failed);

        Assert.Contains(sentence, Assert.Single(refused.ErrorLines), StringComparison.Ordinal);
    }

    private void Write(string name, string text) => File.WriteAllText(directory.File(name), text);

    private Task<CommandResult> RunAsync(params string[] args) =>
        InProcess.RunAsync(new Hashtable(), Path.GetDirectoryName(directory.File("x"))!, args);
}
