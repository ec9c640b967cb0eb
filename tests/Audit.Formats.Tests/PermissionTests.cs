using System.Text;
using System.Text.Json;
using Audit.Formats.Tests.Support;

namespace Audit.Formats.Tests;

public sealed class PermissionTests
{
    [Theory]
    [InlineData("""{"kind":"approved"}""", "approved")]
    [InlineData("""{"kind":"approved-for-session","approval":{"kind":"read"}}""", "approved-for-session")]
    [InlineData("""{"kind":"approved-for-location","approval":{"kind":"write"},"locationKey":"/repo"}""", "approved-for-location")]
    [InlineData("""{"kind":"approve-once"}""", "approve-once")]
    [InlineData("""{"kind":"approve-for-session"}""", "approve-for-session")]
    [InlineData("""{"kind":"approve-for-location"}""", "approve-for-location")]
    [InlineData("""{"kind":"approve-permanently","domain":"example.org"}""", "approve-permanently")]
    public void an_answer_that_approves_is_approved_with_its_decision(string result, string decision)
    {
        var outcome = Answer(result);
        Assert.Equal("approved", outcome.GetProperty("kind").GetString());
        Assert.Equal(decision, outcome.GetProperty("decision").GetString());
        Assert.Equal("host_policy", outcome.GetProperty("source").GetString());
    }

    [Theory]
    [InlineData("""{"kind":"cancelled","reason":"gone"}""", "gone")]
    [InlineData("""{"kind":"cancelled"}""", "the request for permission was cancelled")]
    [InlineData("""{"kind":"denied-by-rules","rules":[{"kind":"shell","argument":"rm *"},{"kind":"write","argument":null}]}""", "denied by rules: shell(rm *), write")]
    [InlineData("""{"kind":"denied-by-rules","rules":[]}""", "denied by rules")]
    [InlineData("""{"kind":"denied-no-approval-rule-and-could-not-request-from-user"}""", "no rule approves it, and the user could not be asked")]
    [InlineData("""{"kind":"denied-interactively-by-user","feedback":"not now"}""", "not now")]
    [InlineData("""{"kind":"denied-interactively-by-user"}""", "rejected by the user")]
    [InlineData("""{"kind":"denied-by-content-exclusion-policy","path":"/secret","message":"excluded"}""", "excluded (/secret)")]
    [InlineData("""{"kind":"denied-by-permission-request-hook","message":"no"}""", "no")]
    [InlineData("""{"kind":"denied-by-something-new"}""", "denied-by-something-new")]
    [InlineData("""{"kind":"reject","feedback":"never"}""", "never")]
    [InlineData("""{"kind":"reject"}""", "rejected by the user")]
    [InlineData("""{"kind":"user-not-available"}""", "the user was not available")]
    public void an_answer_that_refuses_is_blocked_with_its_decision_and_a_reason(string result, string reason)
    {
        var outcome = Answer(result);
        Assert.Equal("blocked", outcome.GetProperty("kind").GetString());
        Assert.Equal(JsonDocument.Parse(result).RootElement.GetProperty("kind").GetString(), outcome.GetProperty("decision").GetString());
        Assert.Equal(reason, outcome.GetProperty("reason").GetString());
        Assert.Equal("host_policy", outcome.GetProperty("source").GetString());
    }

    [Fact]
    public void feedback_is_kept_beside_the_reason() =>
        Assert.Equal("not now", Answer("""{"kind":"reject","feedback":"not now"}""").GetProperty("feedback").GetString());

    [Fact]
    public void no_result_says_nothing()
    {
        var derived = Derived.Of("copilot", Completed("""{"kind":"no-result"}"""));
        Assert.Empty(derived.Records);
        Assert.Equal(["permission.completed"], derived.IgnoredTypes);
    }

    [Theory]
    [InlineData("shell")]
    [InlineData("write")]
    [InlineData("read")]
    [InlineData("mcp")]
    [InlineData("url")]
    [InlineData("memory")]
    [InlineData("custom-tool")]
    [InlineData("hook")]
    [InlineData("extension-management")]
    [InlineData("factory")]
    [InlineData("extension-permission-access")]
    [InlineData("extension-env-access")]
    public void a_request_of_every_kind_is_kept_as_it_was_sent(string kind)
    {
        var request = $$$"""{"kind":"{{{kind}}}","toolCallId":"c","own":{"of":[1.50,"{{{kind}}}"]}}""";
        var derived = Derived.Of("copilot", $$$"""{"type":"permission.requested","data":{"requestId":"r","permissionRequest":{{{request}}}}}""");
        var outcome = derived.OutcomeOf("copilot:c:requires_confirmation:r");
        Assert.Equal(request, outcome.GetProperty("permission").GetRawText());
        Assert.NotEmpty(outcome.GetProperty("description").GetString()!);
    }

    [Fact]
    public void two_requests_about_one_call_are_two_messages()
    {
        const string Asks = """{"type":"permission.requested","data":{"requestId":"r-N","permissionRequest":{"kind":"shell","toolCallId":"c"}}}""";
        var derived = Derived.Of("copilot", Asks.Replace('N', '1') + "\n" + Asks.Replace('N', '2'));
        Assert.Equal(["copilot:c:requires_confirmation:r-1", "copilot:c:requires_confirmation:r-2"], derived.MessageIds);
    }

    [Fact]
    public void an_answer_finds_its_call_by_the_request_in_an_earlier_post()
    {
        var readers = new FormatReaders();
        new Derived().Follow(readers.Open("copilot", "s-1", "ci")!, """{"type":"permission.requested","data":{"requestId":"r","permissionRequest":{"kind":"shell","toolCallId":"c"}}}"""u8);
        var derived = new Derived().Follow(readers.Open("copilot", "s-1", "ci")!, """{"type":"permission.completed","data":{"requestId":"r","result":{"kind":"approved"}}}"""u8);
        Assert.Equal(["copilot:c:approved:r"], derived.MessageIds);
    }

    [Fact]
    public void what_another_source_reported_of_a_call_of_the_same_name_adds_nothing()
    {
        var readers = new FormatReaders();
        new Derived().Follow(readers.Open("copilot", "s-1", "liar")!, """
            {"type":"permission.requested","data":{"requestId":"r","permissionRequest":{"kind":"shell","toolCallId":"another"}}}
            {"type":"tool.execution_start","data":{"toolCallId":"c","toolName":"rm","arguments":{"path":"/"}}}
            """u8);
        const string Ends = """{"type":"tool.execution_complete","data":{"toolCallId":"c","success":true}}""";
        var ended = new Derived().Follow(readers.Open("copilot", "s-1", "ci")!, Encoding.UTF8.GetBytes(Ends));
        var answered = new Derived().Follow(readers.Open("copilot", "s-1", "ci")!, """{"type":"permission.completed","data":{"requestId":"r","result":{"kind":"approved"}}}"""u8);

        Assert.Equal(Tools(Derived.Of("copilot", Ends)), Tools(ended));
        Assert.Empty(answered.Records);
        Assert.Contains("rm", Tools(new Derived().Follow(readers.Open("copilot", "s-1", "liar")!, Encoding.UTF8.GetBytes(Ends))));
    }

    private static IEnumerable<string> Tools(Derived derived) =>
        derived.Records.Select(one => JsonDocument.Parse(one.Record.ToUtf8()).RootElement.GetProperty("tool_name").GetString()!);

    [Fact]
    public void an_answer_whose_call_is_not_known_is_noted_and_no_call_is_made_up()
    {
        var derived = Derived.Of("copilot", """{"type":"permission.completed","data":{"requestId":"r","result":{"kind":"approved"}}}""");
        Assert.Empty(derived.Records);
        Assert.Equal("permission_completed", Assert.Single(derived.Notes).Type);
    }

    private static JsonElement Answer(string result)
    {
        var record = Assert.Single(Derived.Of("copilot", Completed(result)).Records);
        return JsonDocument.Parse(record.Record.ToUtf8()).RootElement.GetProperty("outcome");
    }

    private static string Completed(string result) =>
        $$$"""{"type":"permission.completed","data":{"requestId":"r","toolCallId":"c","result":{{{result}}},"decisionSource":"host_policy"}}""";
}
