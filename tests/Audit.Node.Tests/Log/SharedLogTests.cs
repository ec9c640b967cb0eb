using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Log;

public sealed class SharedLogTests
{
    [PostgresFact]
    public async Task a_node_without_the_key_gives_sealed_receipts_and_proofs_by_the_node_that_has_it()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await using var first = await TestNode.StartAsync("postgres:" + database.ConnectionString);
        await RecordSealedAsync(first, "c-1");
        await using var second = await first.StartBesideAsync();

        var position = await RecordSealedAsync(second, "c-2");
        (await second.GetAsync($"/v1/proofs/{position}")).Require(200);
        Assert.False(File.Exists(second.Options.LogKeyFile));
        Assert.Equal(await new LogClient(first).KeyAsync(), await new LogClient(second).KeyAsync());
        Assert.Contains("Another node is sealing", (await second.PostAsync("/v1/log/restart", """{"reason":"why"}""")).Problem(409));
    }

    private static async Task<long> RecordSealedAsync(TestNode node, string call)
    {
        var answer = await node.PostAsync("/v1/records?wait=sealed", Records.Item("s-1", call, Records.Completed()));
        var receipt = answer.Require(201).Json;
        Assert.True(receipt.GetProperty("sealed").GetBoolean());
        return receipt.GetProperty("position").GetInt64();
    }
}
