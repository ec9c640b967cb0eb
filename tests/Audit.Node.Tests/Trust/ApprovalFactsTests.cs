using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>Trust, 2 and 3: a call that only its host approved, and one that changed after its approval, are found.</summary>
public sealed class ApprovalFactsTests
{
    private const string Approved = """{"kind":"approved","decision":"approve-once","by":"alice"}""";

    [Theory]
    [InlineData("1e9999999999", "1e9999999999", false)]
    [InlineData("-0.000000000000000000001E+21", "-1", false)]
    [InlineData("1e-9999999999", "2e-9999999999", true)]
    public async Task a_number_of_any_size_in_an_input_stops_no_read_model(string asked, string ran, bool isChanged)
    {
        await using var node = await TestNode.StartAsync();
        (await node.RecordAsync(Records.Item("s", "wide", Records.Completed())
            .Replace("\"requested_input\":{\"a\":1}", $"\"requested_input\":{{\"a\":{asked},\"b\":1}}")
            .Replace("\"effective_input\":{\"a\":1}", $"\"effective_input\":{{\"b\":1,\"a\":{ran}}}"))).Require(201);
        (await node.RecordAsync(Records.Item("s", "after", Records.Completed()))).Require(201);
        await Patience.UntilAsync(async () => (await FoundAsync(node, "session:s")).Count == 2, "both are indexed");
        Assert.Equal(isChanged ? ["wide"] : [], await FoundAsync(node, "is:changed"));
    }

    [Fact]
    public async Task what_only_its_host_approved_and_what_changed_after_an_approval_is_found()
    {
        await using var node = await TestNode.StartAsync();
        foreach (var (call, outcome, at) in new[]
        {
            ("host", Records.Asked(), 1), ("host", Approved, 2), ("plain", Records.Completed(), 1), ("changed", Records.Asked(), 1),
        })
        {
            (await node.RecordAsync(Records.Item("s-1", call, outcome, $"2025-01-02T03:04:0{at}Z"))).Require(201);
        }

        var path = "/v1/call/decision?session=s-1&call=changed&source=admin";
        var body = HttpAnswers.On((await node.GetAsync(path)).Json.GetProperty("question"), """{"decision":"approve-once"}""");
        using var person = node.ClientWith(await node.TokenAsync("carol", ["approve"], person: "carol"));
        (await person.PostAsync(path, body)).Require(201);
        var other = Records.Item("s-1", "changed", Records.Asked(), "2025-01-02T03:05:00Z").Replace("{\"a\":1}", "{\"a\":2}");
        (await node.RecordAsync(other)).Require(201);

        await Patience.UntilAsync(async () => (await FoundAsync(node, "is:changed")).Count == 1, "the change is indexed");
        Assert.Equal(["changed"], await FoundAsync(node, "is:changed"));
        Assert.Equal(["host"], await FoundAsync(node, "is:self-approved"));
        Assert.Empty(await FoundAsync(node, "is:flooded"));
    }

    private static async Task<IReadOnlyList<string>> FoundAsync(TestNode node, string query) =>
        (await node.GetAsync("/v1/search?q=" + Uri.EscapeDataString(query))).Require(200).Ids("tool_call_id");
}
