using System.Text;
using Audit.Node.Tests.Support;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Audit.Node.Tests.Trust;

/// <summary>Point 16: which rules hold, and that everybody is shown it.</summary>
public sealed class RedactionOptionTests
{
    private const string Item = """{"session_id":"s","note":{"type":"prompt","detail":{"password":"hunter2","text":"BADGE-1234"}}}""";

    [Fact]
    public async Task redaction_is_on_by_default_and_says_so()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Item);

        var (note, redaction) = await ReadAsync(node);

        Assert.Matches("^\\[redacted: password, 7 bytes, keyed hash [\\w-]{22}\\]$", note.GetProperty("detail").Text("password"));
        Assert.Equal(["password"], note.Texts("redacted"));
        Assert.Equal(RedactionRules.Default.Version, note.Text("redaction"));
        Assert.Equal(("on", RedactionRules.Default.Version), (redaction.Text("state"), redaction.Text("version")));
        Assert.Contains("aws-key", redaction.Texts("rules"));
        Assert.Contains(Greeting.Lines(node.Running), line => line.Contains("rules (built in), version"));
    }

    [Fact]
    public async Task what_was_redacted_is_found_and_nothing_else()
    {
        await using var node = await TestNode.StartAsync();
        (await node.RecordAsync(Records.Item("s", "plain", Records.Completed(output: "says [redacted: password] itself")))).Require(201);
        (await node.RecordAsync(Records.Item("s", "secret", Records.Completed(output: "key AKIAIOSFODNN7EXAMPLE")))).Require(201);

        await Patience.UntilAsync(
            async () => (await node.GetAsync("/v1/search?q=is:redacted")).Require(200).Ids("tool_call_id") is ["secret"], "it is found alone");
    }

    [Fact]
    public async Task rules_of_ones_own_hold_beside_the_others()
    {
        var rules = RedactionRules.Parse("""{"off":["password"],"rules":[{"name":"badge","pattern":"BADGE-[0-9]+"}]}"""u8.ToArray());
        await using var node = await TestNode.StartAsync(
            change: options => options with { Redaction = rules, RedactionFile = "rules.json" });
        await node.RecordAsync(Item);

        var (note, redaction) = await ReadAsync(node);

        Assert.Equal("hunter2", note.GetProperty("detail").Text("password"));
        Assert.StartsWith("[redacted: badge, 10 bytes", note.GetProperty("detail").Text("text"));
        Assert.Equal(rules.Version, redaction.Text("version"));
        Assert.Contains("badge", redaction.Texts("rules"));
        Assert.Contains(Greeting.Lines(node.Running), line => line.Contains("(with rules.json), version"));
    }

    [Fact]
    public async Task switched_off_it_says_so_and_keeps_what_was_sent()
    {
        await using var node = await TestNode.StartAsync(change: options => options with { Redaction = null });
        await node.RecordAsync(Item);

        var (note, redaction) = await ReadAsync(node);

        Assert.Equal("hunter2", note.GetProperty("detail").Text("password"));
        Assert.False(note.TryGetProperty("redacted", out _));
        Assert.Equal("off", redaction.Text("state"));
        Assert.Contains(Greeting.Lines(node.Running), line => line.Contains("off: secrets are stored as they come"));
    }

    [Fact]
    public async Task the_same_record_again_is_a_duplicate_and_another_secret_is_none()
    {
        await using var node = await TestNode.StartAsync();

        (await node.RecordAsync(Item)).Require(201);
        (await node.RecordAsync(Item)).Require(200);
        (await node.RecordAsync(Item.Replace("hunter2", "hunter3"))).Require(201);
    }

    [Fact]
    public async Task an_id_with_a_secret_is_refused_wherever_it_stands()
    {
        await using var node = await TestNode.StartAsync();
        var secret = "ghp_" + new PlantedSecrets(1).Letters(36);

        var header = await node.RecordAsync(Item, secret);
        var item = await node.RecordAsync(Item.Replace("\"s\"", $"\"{secret}\""));
        var window = await node.PostAsync(
            "/v1/windows", "{\"task_id\":\"" + secret + "\",\"agent\":\"a\",\"scope\":[\"*\"],\"reason\":\"r\",\"duration\":\"2h\"}");

        Assert.Contains("an id or a name in it holds a secret", header.Problem(400));
        Assert.Contains("an id or a name in it holds a secret", item.Require(422).Text);
        Assert.Contains("an id or a name in it holds a secret", window.Require(422).Text);
        Assert.DoesNotContain(secret, header.Text + item.Text + window.Text);
    }

    [Fact]
    public void a_line_of_the_log_quotes_no_secret()
    {
        var secret = "ghp_" + new PlantedSecrets(2).Letters(36);
        var failure = new InvalidOperationException($"it was \"{secret}\"");
        using var line = new StringWriter();

        new LogLines(new LogRedaction(RedactionRules.Default)).Write(
            new LogEntry<string>(LogLevel.Error, "Audit.Node", 7, $"saw {secret}", failure, (state, _) => state), null, line);

        Assert.Matches("^[0-9T:.-]+Z fail: Audit\\.Node\\[7\\] saw \\[redacted: github-token, 40 bytes, .*InvalidOperationException", line.ToString());
        Assert.DoesNotContain(secret, line.ToString());
    }

    private static async Task<(System.Text.Json.JsonElement Note, System.Text.Json.JsonElement Redaction)> ReadAsync(TestNode node)
    {
        var events = (await node.GetAsync("/v1/events?session=s")).Require(200).Json.GetProperty("items");
        return (events[0].GetProperty("event"), (await node.GetAsync("/v1/stats")).Json.GetProperty("redaction"));
    }
}
