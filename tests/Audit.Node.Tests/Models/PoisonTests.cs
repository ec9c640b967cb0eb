using System.Text.Json;
using Audit.Node.Tests.Support;
using Microsoft.Data.Sqlite;

namespace Audit.Node.Tests.Models;

public sealed class PoisonTests
{
    [Fact]
    public async Task an_event_that_cannot_be_read_halts_the_read_models_until_an_operator_skips_it()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed()));
        await node.StopAsync();
        var poison = Poison(node);
        await node.StartAgainAsync();
        await node.RecordAsync(Records.Item("s-1", "c-2", Records.Completed()));
        await Patience.UntilAsync(async () => (await ProjectionsAsync(node)).Text("status") == "halted", "the read models are halted");

        // It can commit, and that is what ready means.
        (await node.GetAsync("/health/ready")).Require(200);
        var ready = await ProjectionsAsync(node);
        Assert.Equal("halted", ready.Text("status"));
        Assert.Equal(poison, ready.GetProperty("halted_at").GetInt64());
        Assert.NotEmpty((await node.GetAsync("/v1/stats")).Json.GetProperty("projections").Text("sentence"));
        (await node.GetAsync("/v1/sessions/s-1/calls/c-2")).Problem(404);

        (await node.PostAsync("/v1/projections/skip", $$"""{"position":{{poison}}}""")).Problem(422);
        (await node.PostAsync("/v1/projections/skip", """{"position":1,"reason":"x"}""")).Problem(409);
        (await node.PostAsync("/v1/projections/skip", $$"""{"position":{{poison}},"reason":"a test broke it"}""")).Require(200);
        await Patience.UntilAsync(async () => (await ProjectionsAsync(node)).Text("status") != "halted", "the read models go on");
        (await node.GetAsync("/v1/sessions/s-1/calls/c-2")).Require(200);
        var act = (await node.GetAsync("/v1/events?limit=1000")).Json.GetProperty("items").EnumerateArray()
            .Select(item => item.GetProperty("event"))
            .Last(happened => happened.ValueKind == JsonValueKind.Object && happened.Text("event") == "operator.acted" && happened.Text("act") == "projections.skipped");
        Assert.Equal("a test broke it", act.GetProperty("detail").Text("reason"));

        await node.RestartAsync();
        (await node.GetAsync("/v1/sessions/s-1/calls/c-2")).Require(200);
    }

    private static long Poison(TestNode node)
    {
        using var connection = new SqliteConnection($"Data Source={node.Options.Store["sqlite:".Length..]};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = """
            INSERT INTO journal (created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid)
            VALUES (1, 0, 'tool-call|s-1|broken', 1, CAST('{"v":1,"event":"call.transitioned"' AS BLOB), 'call.transitioned.v2', 7401, 'x')
            RETURNING ordering
            """;
        return (long)command.ExecuteScalar()!;
    }

    private static async Task<JsonElement> ProjectionsAsync(TestNode node) =>
        (await node.GetAsync("/health/ready")).Json.GetProperty("projections");
}
