using System.Text.Json;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Operations;

/// <summary>What answers look like, whoever asks and whenever.</summary>
public sealed class AnswerShapeTests : IAsyncLifetime
{
    /// <summary>What is no JSON: text, bytes and streams.</summary>
    private static readonly string[] NotJson =
    [
        "/metrics", "/checkpoint", "/checkpoint/witnessed", "/tile/{path}", "/v1/log/bundle", "/v1/cases/{id}/export", "/v1/proofs/{position}", "/v1/export", "/v1/search/export",
        "/v1/events/{position}/raw", "/v1/projections/rebuild", "/v1/policy/schema",
    ];

    private TestNode node = null!;

    public async Task InitializeAsync()
    {
        node = await TestNode.StartAsync();
        var opens = DateTime.UtcNow.AddMinutes(-5).ToString("O");
        using var maria = await node.ClientAsync("maria", "approve");
        (await maria.PostAsync("/v1/windows", $$"""
            {"alias":"w-1","task_id":"t-1","agent":"a-1","scope":["*"],"sources":["admin"],"reason":"to see","opens_at":"{{opens}}","duration":"2h","grant":true}
            """)).Require(201);
        (await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed(), task: "t-1", agent: "a-1"))).Require(201);
    }

    public async Task DisposeAsync() => await node.DisposeAsync();

    [Theory]
    [InlineData("/v1/sessions/s-1")]
    [InlineData("/v1/sessions/s-1/calls")]
    [InlineData("/v1/sessions/s-1/calls/c-1")]
    [InlineData("/v1/tasks/t-1")]
    [InlineData("/v1/windows/w-1")]
    public async Task the_past_has_the_shape_of_the_present(string path)
    {
        var now = (await node.GetAsync(path)).Require(200).Json;
        var past = (await node.GetAsync($"{path}?at=1000000")).Require(200).Json;

        Assert.True(past.TryGetProperty("as_of", out _));
        Assert.Equal(MembersOf(now, ""), MembersOf(past, "").Where(member => member != "/as_of"));
    }

    [Fact]
    public async Task every_answer_in_json_has_a_schema()
    {
        var document = (await node.GetAsync("/openapi/v1.json")).Require(200).Json;
        var without = document.GetProperty("paths").EnumerateObject()
            .Where(path => !NotJson.Contains(path.Name))
            .SelectMany(path => path.Value.EnumerateObject()
                .Where(operation => operation.Name != "delete" && !HasSchema(operation.Value))
                .Select(operation => $"{operation.Name} {path.Name}"));

        Assert.Empty(without);
    }

    [Fact]
    public async Task a_schema_has_the_names_of_the_answer()
    {
        var schemas = (await node.GetAsync("/openapi/v1.json")).Json.GetProperty("components").GetProperty("schemas");
        var session = (await node.GetAsync("/v1/sessions/s-1")).Require(200).Json;
        var described = schemas.GetProperty("SessionAnswer").GetProperty("properties").EnumerateObject().Select(one => one.Name);

        Assert.Empty(session.EnumerateObject().Select(one => one.Name).Except(described));
    }

    private static bool HasSchema(JsonElement operation) => operation.GetProperty("responses").EnumerateObject()
        .Where(response => response.Name.StartsWith('2'))
        .Any(response => response.Value.TryGetProperty("content", out var content)
            && content.TryGetProperty("application/json", out var json)
            && json.TryGetProperty("schema", out var schema)
            && (schema.TryGetProperty("$ref", out _) || schema.TryGetProperty("properties", out _)));

    /// <summary>The names of all members, those of an array by its first item.</summary>
    private static IEnumerable<string> MembersOf(JsonElement json, string place) => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject()
            .SelectMany(one => MembersOf(one.Value, $"{place}/{one.Name}").Prepend($"{place}/{one.Name}")),
        JsonValueKind.Array => json.EnumerateArray().Take(1).SelectMany(one => MembersOf(one, place + "[]")),
        _ => [],
    };
}
