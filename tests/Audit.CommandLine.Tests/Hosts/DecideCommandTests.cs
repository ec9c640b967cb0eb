using System.Text.Json;

namespace Audit.CommandLine.Tests.Hosts;

/// <summary>`audit waiting`, `audit approve` and `audit refuse`: a person answers what hosts ask.</summary>
public sealed class DecideCommandTests
{
    [Fact]
    public async Task what_waits_is_listed_and_approved_by_its_question()
    {
        await using var node = await AskedNode.StartAsync(AskedNode.Ask);
        await node.AskAsync("c-1", new { to = "production" });

        var waiting = Assert.Single(await WaitingAsync(node));
        var approved = await RunAsync(
            node, "approve", "s-1", "c-1", "--question", QuestionOf(waiting), "--for", "session", "--reason", "go on");
        var again = await RunAsync(node, "approve", "s-1", "c-1", "--question", QuestionOf(waiting));

        Assert.StartsWith("The call is approved, at position ", approved.Require(ExitCode.Fine).Out, StringComparison.Ordinal);
        Assert.Empty(await WaitingAsync(node));
        Assert.Equal(
            "The call \"c-1\" waits for no decision: it is approved.", Assert.Single(again.Require(ExitCode.Failed).ErrorLines));
        var events = await node.EventsAsync(3);
        var outcome = events[2].GetProperty("record").GetProperty("outcome");
        Assert.Equal(
            ("approve-for-session", "ada", "go on"),
            (Text(outcome, "decision"), Text(outcome, "by"), Text(outcome, "feedback")));
        Assert.Contains("deploy", (await RunAsync(node, "approvals")).Require(ExitCode.Fine).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task what_the_call_asks_by_now_is_not_approved_by_what_it_asked_before()
    {
        await using var node = await AskedNode.StartAsync(AskedNode.Ask);
        await node.AskAsync("c-1", new { to = "a test" });
        var seen = QuestionOf(Assert.Single(await WaitingAsync(node)));
        await node.AskAsync("c-1", new { to = "production" });

        var refused = await RunAsync(node, "approve", "s-1", "c-1", "--question", seen);

        Assert.Contains(
            "the decision answers another question", Assert.Single(refused.Require(ExitCode.Failed).ErrorLines), StringComparison.Ordinal);
        Assert.NotEqual(seen, QuestionOf(Assert.Single(await WaitingAsync(node))));
    }

    [Fact]
    public async Task what_its_host_asked_and_approved_alone_waits_for_nobody_and_may_be_refused()
    {
        await using var node = await AskedNode.StartAsync(AskedNode.Ask);
        await node.AskAloneAsync("c-1", new { to = "production" });
        var question = QuestionOf(Assert.Single(await WaitingAsync(node)));
        await node.ApproveAloneAsync("c-1", new { to = "production" });

        Assert.Empty(await WaitingAsync(node));
        var approved = await RunAsync(node, "approve", "s-1", "c-1", "--question", question);
        Assert.Equal(
            "The call \"c-1\" waits for no decision: it is approved.", Assert.Single(approved.Require(ExitCode.Failed).ErrorLines));
        var refused = await RunAsync(node, "refuse", "s-1", "c-1", "--reason", "not today");
        Assert.StartsWith("The call is blocked, at position ", refused.Require(ExitCode.Fine).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task what_its_host_approved_alone_is_listed_and_answered_all_the_same()
    {
        await using var node = await AskedNode.StartAsync(AskedNode.Ask);
        await node.AskAsync("c-1", new { to = "production" });
        await node.ApproveAloneAsync("c-1", new { to = "production" });

        var question = QuestionOf(Assert.Single(await WaitingAsync(node)));
        var approved = await RunAsync(node, "approve", "s-1", "c-1", "--question", question);

        Assert.StartsWith("The call is approved, at position ", approved.Require(ExitCode.Fine).Out, StringComparison.Ordinal);
        Assert.Empty(await WaitingAsync(node));
    }

    [Fact]
    public async Task what_is_refused_is_refused_with_its_reason_also_after_an_approval()
    {
        await using var node = await AskedNode.StartAsync(AskedNode.Ask);
        await node.AskAsync("c-1", new { to = "production" });
        var question = QuestionOf(Assert.Single(await WaitingAsync(node)));
        (await RunAsync(node, "approve", "s-1", "c-1", "--question", question)).Require(ExitCode.Fine);

        var refused = await RunAsync(node, "refuse", "s-1", "c-1", "--reason", "not on a Friday");
        var again = await RunAsync(node, "refuse", "s-1", "c-1", "--reason", "not on a Friday");

        Assert.StartsWith("The call is blocked, at position ", refused.Require(ExitCode.Fine).Out, StringComparison.Ordinal);
        Assert.Contains("it is blocked", Assert.Single(again.Require(ExitCode.Failed).ErrorLines), StringComparison.Ordinal);
        var last = (await node.EventsAsync(4))[3].GetProperty("record").GetProperty("outcome");
        Assert.Equal(("reject", "not on a Friday"), (Text(last, "decision"), Text(last, "feedback")));
    }

    [Fact]
    public async Task two_persons_are_told_of_each_other()
    {
        await using var node = await AskedNode.StartAsync(
            """{"rules":[{"name":"two","tool":"deploy","then":"ask","people":2}]}""");
        await node.AskAsync("c-1", new { to = "production" });
        var question = QuestionOf(Assert.Single(await WaitingAsync(node)));

        var first = await RunAsync(node, "approve", "s-1", "c-1", "--question", question);
        var same = await RunAsync(node, "approve", "s-1", "c-1", "--question", question, "--reason", "once more");

        Assert.Contains("another person approves it too", first.Require(ExitCode.Fine).Out, StringComparison.Ordinal);
        Assert.Contains("another one is awaited", Assert.Single(same.Require(ExitCode.Failed).ErrorLines), StringComparison.Ordinal);
        await node.DecideAsync("approve-once");
        Assert.Empty(await WaitingAsync(node));
    }

    [Fact]
    public async Task what_stands_for_more_calls_than_one_is_ordered_and_taken_back_by_the_program()
    {
        await using var node = await AskedNode.StartAsync(AskedNode.Ask);
        await node.AskAsync("c-1", new { to = "production" });
        await node.DecideAsync("approve-for-session");
        var approval = Text(Assert.Single(await ListAsync(node, "approvals")), "id");

        Assert.Contains("--end needs a reason", (await ProgramAsync(node, "approvals", "--end", approval)).Require(ExitCode.WrongUse).Error, StringComparison.Ordinal);
        (await ProgramAsync(node, "approvals", "--end", approval, "--reason", "too wide")).Require(ExitCode.Fine);
        Assert.Empty(await ListAsync(node, "approvals"));
        await node.AskAsync("c-2", new { to = "production" });
        Assert.Equal(["requested", "requires_confirmation"], await node.KindsAsync(2, call: 1));

        var stop = Assert.Single((await ProgramAsync(node, "stop", "--session", "s-1", "--reason", "an incident")).Require(ExitCode.Fine).OutLines);
        var listed = Assert.Single(await ListAsync(node, "stop"));
        Assert.Equal((stop, "s-1", "ada", "an incident"), (Text(listed, "id"), Text(listed, "session_id"), Text(listed, "by"), Text(listed, "reason")));
        await node.AskAsync("c-3", new { to = "production" });
        Assert.Equal(["requested", "requires_confirmation", "blocked"], await node.KindsAsync(3, call: 2));

        (await ProgramAsync(node, "stop", "--lift", stop, "--reason", "over")).Require(ExitCode.Fine);
        Assert.Empty(await ListAsync(node, "stop"));
        await node.AskAsync("c-4", new { to = "production" });
        Assert.Equal(["requested", "requires_confirmation"], await node.KindsAsync(2, call: 3));
    }

    [Theory]
    [InlineData(ExitCode.WrongUse, "--question", "approve", "s-1", "c-1")]
    [InlineData(ExitCode.WrongUse, "--reason", "refuse", "s-1", "c-1")]
    [InlineData(ExitCode.WrongUse, "--for \"ever\" is not accepted", "approve", "s-1", "c-1", "--question", "q", "--for", "ever")]
    [InlineData(ExitCode.Failed, "There is no call \"c-9\"", "refuse", "s-1", "c-9", "--reason", "no")]
    [InlineData(ExitCode.Failed, "not the question of a call", "approve", "s-1", "c-1", "--question", "q")]
    public async Task what_cannot_be_answered_is_a_sentence(int code, string sentence, params string[] args)
    {
        await using var node = await AskedNode.StartAsync(AskedNode.Ask);
        await node.AskAsync("c-1", new { to = "production" });

        Assert.Contains(sentence, (await RunAsync(node, args)).Require(code).ErrorLines[0], StringComparison.Ordinal);
    }

    private static string QuestionOf(JsonElement call) => Text(call.GetProperty("question"), "question");

    private static string Text(JsonElement of, string name) => of.GetProperty(name).GetString()!;

    private static async Task<IReadOnlyList<JsonElement>> WaitingAsync(AskedNode node) =>
        [.. JsonElement.Parse((await RunAsync(node, "waiting", "-o", "json")).Require(ExitCode.Fine).Out).EnumerateArray()];

    private static async Task<IReadOnlyList<JsonElement>> ListAsync(AskedNode node, string command) =>
        [.. JsonElement.Parse((await ProgramAsync(node, command, "-o", "json")).Require(ExitCode.Fine).Out).EnumerateArray()];

    /// <summary>As a process of its own.</summary>
    private static Task<CommandResult> ProgramAsync(AskedNode node, params string[] args) =>
        AuditProgram.RunAsync(node.Data, [.. args, .. node.AsPerson]);

    private static Task<CommandResult> RunAsync(AskedNode node, params string[] args) =>
        InProcess.RunAsync([.. args, .. node.AsPerson]);
}
