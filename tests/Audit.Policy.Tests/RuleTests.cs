namespace Audit.Policy.Tests;

public sealed class RuleTests
{
    /// <summary>The example of the documentation.</summary>
    private const string Example = """
        {"preset":"ask","trust":"claimed","rules":[
          {"name":"read freely","kind":"read","then":"approve-once"},
          {"name":"schema in a window","tool":"sql.*","input":{"sql":"*ALTER *"},"window":"open","then":"approve-once"},
          {"name":"schema otherwise","tool":"sql.*","input":{"sql":"*ALTER *"},"then":"ask","approvers":["dba-*"],"people":2},
          {"name":"no shell for guests","kind":"shell","agent":"guest-*","then":"reject","feedback":"use the sandbox"}]}
        """;

    [Theory]
    [InlineData("sql.exec", null, """{"sql":"alter   TABLE orders"}""", true, "approve-once", "schema in a window")]
    [InlineData("sql.exec", null, """{"sql":"x; ALTER\tTABLE orders"}""", false, "ask", "schema otherwise")]
    [InlineData("SQL.exec", null, """{"sql":"SELECT 1"}""", true, "ask", null)]
    [InlineData("cat", "read", null, false, "approve-once", "read freely")]
    [InlineData("bash", "shell", null, false, "reject", "no shell for guests")]
    public void the_first_rule_that_matches_decides(
        string tool, string? kind, string? input, bool inWindow, string then, string? rule)
    {
        var verdict = Asked.Policy(Example).Decide(Asked.For(tool, kind, input) with
        {
            Agent = "guest-7", Task = "t-1", OpenWindows = inWindow ? ["w-1"] : [],
        });

        Assert.Equal(then, PolicyWords.Of(verdict.Then));
        Assert.Equal(rule, verdict.Rule);
    }

    [Fact]
    public void a_verdict_has_what_its_rule_says()
    {
        var policy = Asked.Policy(Example);

        var asked = policy.Decide(Asked.For("sql.exec", input: """{"sql":"ALTER x"}"""));
        Assert.Equal((2, "dba-*"), (asked.People, Assert.Single(asked.Approvers)));
        var rejected = policy.Decide(Asked.For(kind: "shell") with { Agent = "guest-1" });
        Assert.Equal("use the sandbox", rejected.Feedback);
    }

    [Theory]
    [InlineData("tier", "Confirm", true)]
    [InlineData("tier", "Observe", false)]
    [InlineData("source", "ci-*", true)]
    [InlineData("source", "cd-*", false)]
    [InlineData("task", "t-?", true)]
    [InlineData("agent", "a-2", false)]
    [InlineData("tool", "BASH", true)]
    [InlineData("window", "w-1", true)]
    [InlineData("window", "w-2", false)]
    [InlineData("window", "none", false)]
    public void a_condition_holds_or_not(string name, string pattern, bool holds)
    {
        var policy = Asked.Policy(
            $$"""{"rules":[{"name":"one","{{name}}":"{{pattern}}","then":"approve-once"}]}""");

        Assert.Equal(holds ? "approve-once" : "reject", policy.Decides(Asked.For(source: "ci-7") with
        {
            Tier = "Confirm", Agent = "a-1", IsAgentBound = true, Task = "t-1", IsTaskBound = true,
            OpenWindows = ["w-1"],
        }));
    }

    [Theory]
    [InlineData("path", "/etc/*", """{"path":"/etc/passwd"}""", true)]
    [InlineData("path", "/etc/*", """{"paths":["/etc/passwd"]}""", false)]
    [InlineData("paths", "/etc/*", """{"paths":["/tmp/x","/etc/passwd"]}""", true)]
    [InlineData("options.force", "true", """{"options":{"force":true}}""", true)]
    [InlineData("options.force", "true", """{"options":{"force":"false"}}""", false)]
    [InlineData("edits.file", "*.cs", """{"edits":[{"file":"a.md"},{"file":"b.cs"}]}""", true)]
    [InlineData("*", "*secret*", """{"a":{"b":["x","my Secret file"]}}""", true)]
    [InlineData("*", "42", """{"a":42}""", true)]
    [InlineData("*", "43", """{"a":42}""", false)]
    [InlineData("sql", "*", "[]", false)]
    [InlineData("sql", "*", null, false)]
    public void a_value_of_the_input_is_found_by_its_path(string path, string pattern, string? input, bool holds)
    {
        var policy = Asked.Policy($$"""
            {"preset":"approve-all","rules":[{"name":"one","input":{"{{path}}":"{{pattern}}"},"then":"reject"}]}
            """);

        Assert.Equal(holds ? "reject" : "approve-once", policy.Decides(Asked.For(input: input)));
    }

    [Fact]
    public void a_value_of_the_permission_request_is_found_in_the_same_way()
    {
        var policy = Asked.Policy("""
            {"preset":"approve-all","rules":[{"name":"one","permission":{"commands.identifier":"rm"},"then":"reject"}]}
            """);

        Assert.Equal("reject", policy.Decides(Asked.For(kind: "shell") with
        {
            Permission = Asked.Json("""{"kind":"shell","commands":[{"identifier":"ls"},{"identifier":"rm"}]}"""),
        }));
    }

    [Fact]
    public void an_agent_that_is_only_claimed_approves_nothing_and_still_rejects()
    {
        var policy = Asked.Policy("""
            {"rules":[{"name":"guests","agent":"guest-*","then":"reject"},
              {"name":"releases","agent":"release-bot","then":"approve-once"}]}
            """);
        var lax = Asked.Policy("""
            {"preset":"approve-all","rules":[{"name":"guests","agent":"guest-*","then":"reject"}]}
            """);

        Assert.Equal("reject", policy.Decides(Asked.For() with { Agent = "release-bot" }));
        Assert.Equal("approve-once", policy.Decides(Asked.For() with { Agent = "release-bot", IsAgentBound = true }));
        Assert.Equal("reject", lax.Decides(Asked.For() with { Agent = "guest-1" }));
    }

    [Fact]
    public void a_window_is_not_open_for_a_task_that_is_only_claimed()
    {
        const string Rules = "\"rules\":[{\"name\":\"one\",\"window\":\"open\",\"then\":\"approve-once\"}]";
        var request = Asked.For() with { Task = "t-1", OpenWindows = ["w-1"] };

        Assert.Equal("reject", Asked.Policy($$"""{{{Rules}}}""").Decides(request));
        Assert.Equal("approve-once", Asked.Policy($$"""{{{Rules}}}""").Decides(request with { IsTaskBound = true }));
        Assert.Equal("approve-once", Asked.Policy($$"""{"trust":"claimed",{{Rules}}}""").Decides(request));
    }

    [Fact]
    public void a_claim_that_asks_two_persons_lets_nobody_approve_who_may_not_without_it()
    {
        var policy = Asked.Policy("""
            {"tools":{"sql.*":"write"},"rules":[{"name":"writes","kind":"write","then":"ask","approvers":["dba-*"]},
              {"name":"shells","kind":"shell","then":"ask","people":2}]}
            """);

        var verdict = policy.Decide(Asked.For("sql.exec", kind: "shell"));

        Assert.Equal((Ruling.Ask, 2, "shells"), (verdict.Then, verdict.People, verdict.Rule));
        Assert.Equal(["dba-*"], verdict.Approvers);
        Assert.Equal(verdict, policy.Explain(Asked.For("sql.exec", kind: "shell")).Verdict with { Approvers = verdict.Approvers });
    }

    [Fact]
    public void a_claim_never_turns_a_rejection_into_a_question()
    {
        var policy = Asked.Policy("""
            {"preset":"deny-all","tools":{"bash":"shell"},"rules":[{"name":"one","kind":"read","then":"ask"}]}
            """);

        Assert.Equal("reject", policy.Decides(Asked.For(kind: "read")));
    }

    [Fact]
    public void a_rule_that_observes_says_what_it_would_and_lets_the_next_decide()
    {
        var verdict = Asked.Policy("""
            {"preset":"approve-all","rules":[{"name":"trial","tool":"bash","then":"reject","mode":"observe"}]}
            """).Decide(Asked.For());

        Assert.Equal((Ruling.ApproveOnce, null), (verdict.Then, verdict.Rule));
        Assert.Equal((Ruling.Reject, "trial"), (verdict.Would!.Then, verdict.Would.Rule));
    }

    [Fact]
    public void the_explanation_names_each_rule_and_why_it_does_not_match()
    {
        var (verdict, steps) = Asked.Policy(Example).Explain(Asked.For("sql.exec", input: """{"sql":"ALTER x"}"""));

        Assert.Equal("schema otherwise", verdict.Rule);
        Assert.Equal(
            [
                "Rule \"read freely\" does not match: kind.", "Rule \"schema in a window\" does not match: window.",
                "Rule \"schema otherwise\" matches, of the kind unknown: ask.",
            ],
            steps);
    }
}
