using System.Text;
using System.Text.Json;

namespace Audit.Node.Tests.Support;

/// <summary>What a node answered.</summary>
internal sealed record Answer(int Status, string? Type, byte[] Bytes, IReadOnlyDictionary<string, string> Headers)
{
    public string Text => Encoding.UTF8.GetString(Bytes);

    public JsonElement Json => JsonDocument.Parse(Bytes).RootElement;

    public IReadOnlyList<JsonElement> Lines =>
        [.. Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

    public IReadOnlyList<string> Statuses => [.. Lines.Select(line => line.Text("status"))];

    public Answer Require(int status)
    {
        Assert.True(Status == status, $"{Status} instead of {status}: {Text}");
        return this;
    }

    /// <summary>The detail of a problem document, which must be a whole one.</summary>
    public string Problem(int status)
    {
        Require(status);
        Assert.Equal("application/problem+json", Type);
        Assert.StartsWith("urn:audit-actors:problem:", Json.Text("type"));
        Assert.NotEmpty(Json.Text("title"));
        Assert.Equal(status, Json.GetProperty("status").GetInt32());
        return Json.Text("detail");
    }
}
