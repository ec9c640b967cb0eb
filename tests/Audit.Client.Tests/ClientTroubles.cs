namespace Audit.Client.Tests;

/// <summary>What a client keeps where it is asked twice, answered by strangers, or has no room.</summary>
public abstract partial class ClientContract
{
    [ContractFact]
    public async Task an_approval_is_for_one_run_whoever_asks_again()
    {
        await using var first = StartSpooling();
        Assert.Equal("true true approve-once", Show(await first.AskAsync(Run("c-1", "read"))));
        await first.AskAsync(new { @do = "flush", seconds = 60 });
        var again = await first.AskAsync(Run("c-1", "read"));
        await first.AskAsync(Decide("c-2", "read"));
        // It began, and nobody but the spool knows when the host dies.
        await node.KillAsync();
        Assert.True((await first.AskAsync(Record("c-2", new { kind = "started" }))).GetProperty("ok").GetBoolean());
        await first.KillAsync();
        await node.StartAsync();
        await using var second = StartSpooling();
        var begun = await second.AskAsync(Run("c-2", "read"));
        await using var closed = Start();
        var closedToo = await closed.AskAsync(Run("c-2", "read"));

        Assert.All([again, begun, closedToo], answer => Assert.False(answer.GetProperty("ok").GetBoolean()));
        Assert.Equal(["c-1"], await File.ReadAllLinesAsync(Ran));
    }

    [ContractFact]
    public async Task of_two_that_run_one_call_at_the_same_moment_one_does()
    {
        await using var host = StartSpooling();
        for (var call = 0; call < 10; call++)
        {
            var twice = new
            {
                @do = "run", twice = true, session_id = session, tool_call_id = $"c-{call}", tool_name = "tool", turn = 1,
                agent = "a-1", effective_input = new { a = call }, permission = new { kind = "read" }, wait = 0,
                append = Ran, text = $"{call}",
            };
            Assert.Equal(1, (await host.AskAsync(twice)).GetProperty("runs").GetInt32());
        }

        Assert.Equal(Enumerable.Range(0, 10).Select(call => $"{call}"), await File.ReadAllLinesAsync(Ran));
    }

    [ContractFact]
    public async Task an_approval_that_is_over_lets_nothing_begin()
    {
        await using var other = await HostedNode.StartAsync(
            """{"trust":"claimed","approvals_hold":"1s","rules":[{"name":"reads","kind":"read","then":"approve-once"}]}""");
        await using var host = StartWith(new() { ["AUDIT_SPOOL"] = Spool }, other);
        Assert.True((await host.AskAsync(Decide("c-1", "read"))).GetProperty("approved").GetBoolean());
        await Task.Delay(TimeSpan.FromSeconds(2.1));

        Assert.False((await host.AskAsync(Run("c-1", "read"))).GetProperty("ran").GetBoolean());
        Assert.False(File.Exists(Ran));
    }

    [ContractFact]
    public async Task who_answers_and_is_no_node_has_no_record_and_decides_nothing()
    {
        using var stranger = new ListeningPlace(_ => Task.FromResult((200, """{"status":"ok"}""")));
        await using (var host = StartWith(new()
        {
            ["AUDIT_SERVER"] = stranger.Url.ToString(), ["AUDIT_SPOOL"] = Spool, ["AUDIT_PATIENCE"] = "1",
        }))
        {
            Assert.True((await host.AskAsync(Note(1))).GetProperty("ok").GetBoolean());
            Assert.False((await host.AskAsync(Decide("c-1", "read"))).GetProperty("ok").GetBoolean());
            Assert.False((await host.AskAsync(new { @do = "flush", seconds = 1 })).GetProperty("ok").GetBoolean());
        }

        await using var again = StartSpooling();
        Assert.True((await again.AskAsync(new { @do = "flush", seconds = 60 })).GetProperty("ok").GetBoolean(), again.Troubles);
        Assert.Equal([1], await node.NotesAsync(session));
    }

    [ContractFact]
    public async Task an_answer_that_never_ends_is_none()
    {
        using var place = new DrippingPlace();
        await using var host = StartWith(new() { ["AUDIT_SERVER"] = place.Url.ToString(), ["AUDIT_PATIENCE"] = "1" });

        Assert.False((await host.AskAsync(Run("c-1", "read"))).GetProperty("ran").GetBoolean());
        Assert.False((await host.AskAsync(Note(1))).GetProperty("ok").GetBoolean());
    }

    [ContractFact]
    public async Task what_cannot_be_put_aside_waits_and_all_behind_it()
    {
        Directory.CreateDirectory(Spool + ".refused");
        await using var host = StartSpooling();
        await host.AskAsync(Record("c-1", new { kind = "requested" }, new string('i', 2000)));
        Assert.False((await host.AskAsync(new { @do = "flush", seconds = 1 })).GetProperty("ok").GetBoolean());
        Assert.True((await host.AskAsync(Note(1))).GetProperty("ok").GetBoolean());
        Directory.Delete(Spool + ".refused");

        Assert.True((await host.AskAsync(new { @do = "flush", seconds = 60 })).GetProperty("ok").GetBoolean(), host.Troubles);
        Assert.Equal([1], await node.NotesAsync(session));
        Assert.Single(await File.ReadAllLinesAsync(Spool + ".refused"));
    }
}
