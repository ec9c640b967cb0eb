using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Audit.Node.Tests.Pages;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>Point 16: secrets in what comes in are stored nowhere.</summary>
public abstract class RedactionContract : IAsyncLifetime
{
    private const int Planted = 200;
    private const string At = "2026-01-02T03:04:05Z";

    private readonly ConcurrentQueue<string> traced = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public virtual Task DisposeAsync() => Task.CompletedTask;

    /// <summary>Where the node's store is; null for a file beside the data directory.</summary>
    protected abstract Task<string?> StoreAsync();

    /// <summary>All that the store holds beside the files of the node.</summary>
    protected abstract Task<IReadOnlyList<byte[]>> DumpAsync();

    [Trait("Point", "16")]
    [ContractFact]
    public async Task of_200_planted_secrets_none_is_found_in_any_file_answer_page_or_trace()
    {
        using var listener = Listen();
        using var directory = new TemporaryDirectory();
        var store = await StoreAsync() ?? "sqlite:" + directory.File("journal.db");
        var planted = new PlantedSecrets(16).Take(Planted).ToList();
        await using var node = await TestNode.StartAsync(store, change: options => options with { Data = directory.File("data") });
        for (var index = 0; index < planted.Count; index++)
        {
            await SendAsync(node, index, index % 15, (index + (index / 15)) % 15, planted[index].Text);
        }

        planted.AddRange(await SendAttackedAsync(node));
        await SendReasonsAsync(node, planted);
        await AssertAnswersAsync(node, planted);
        await node.StopAsync();
        var files = Directory.EnumerateFiles(Path.GetDirectoryName(node.Data)!, "*", SearchOption.AllDirectories).ToList();
        Assert.NotEmpty(files);
        foreach (var file in files)
        {
            AssertHidden(file, await File.ReadAllBytesAsync(file), planted);
        }

        foreach (var table in await DumpAsync())
        {
            AssertHidden("the store", table, planted);
        }

        AssertHidden("the traces", Encoding.UTF8.GetBytes(string.Join('\n', traced)), planted);
        await node.StartAgainAsync();
    }

    private static async Task SendAsync(TestNode node, int index, int kind, int place, string text)
    {
        var (session, call, quoted) = ($"s-{kind}", $"c-{index}", JsonSerializer.Serialize(text));
        var nested = JsonSerializer.Serialize(JsonSerializer.Serialize(new { cmd = "x", arguments = JsonSerializer.Serialize(new { text }) }));
        switch (place)
        {
            case 0:
                await node.RecordAsync(Item(session, call, Input(call, "{\"command\":" + quoted + "}")));
                break;
            case 1:
                await node.RecordAsync(Item(session, call, Input(call, "{\"arguments\":" + nested + "}")));
                break;
            case 2:
                await node.RecordAsync(Records.Item(session, call, Records.Completed(output: text), At));
                break;
            case 3:
                await node.LinesAsync(Records.Lines(Records.Item(session, call, Records.Blocked(text), At)));
                break;
            case 4:
                await node.RecordAsync(Records.Item(session, call, Records.Asked(text), At));
                break;
            case 5:
                var note = "{\"session_id\":\"" + session + "\",\"note\":{\"type\":\"prompt\",\"detail\":{\"text\":" + quoted + "}}}";
                await node.RecordAsync(note);
                break;
            case 6:
                await node.PostAsync(
                    "/v1/windows",
                    $$"""{"alias":"w-{{index}}","task_id":"t","agent":"a","scope":["*"],"reason":{{quoted}},"duration":"2h"}""");
                break;
            case 7:
                await node.RecordAsync(Records.Item(session, call, Records.Asked(), At));
                await node.Http.DecideAsync(
                    $"/v1/sessions/{session}/calls/{call}/decision", $$"""{"decision":"reject","feedback":{{quoted}}}""");
                break;
            case 8:
                await node.PostAsync("/v1/traces", Span(index, text));
                break;
            case 9:
                await node.PostAsync("/v1/ingest/claude-code", JsonSerializer.Serialize(new
                {
                    hook_event_name = "PreToolUse", session_id = session, tool_use_id = call, tool_name = "Bash",
                    tool_input = new { command = text },
                }));
                break;
            case 10:
                var error = "{\"kind\":\"persistence_failed\",\"result\":null,\"error\":" + quoted + "}";
                await node.RecordAsync(Records.Item(session, call, error, At));
                break;
            case 11:
                await node.PostAsync("/v1/ingest/laravel", JsonSerializer.Serialize(new
                {
                    request = new { kind = "shell", toolCallId = call, fullCommandText = text }, invocation = new { sessionId = session },
                }));
                break;
            case 12:
                await node.GetAsync("/v1/search?q=" + Uri.EscapeDataString(text));
                break;
            case 13:
                var wrong = await node.LinesAsync(Records.Lines(Item(session, call, Records.Record(call, Records.Blocked(), "{{at}}"))
                    .Replace("\"{{at}}\"", quoted)));
                Assert.Equal(["invalid"], wrong.Statuses);
                break;
            default:
                await node.RecordAsync(Item(session, text, Records.Record(text, Records.Blocked())), session);
                break;
        }
    }

    /// <summary>What an attacker hid, as an input, within a string of one, as an output and as a reason.</summary>
    private static async Task<List<PlantedSecret>> SendAttackedAsync(TestNode node)
    {
        var attacked = AttackedSecrets.All(17).ToList();
        var lines = attacked.SelectMany((one, index) => new[]
        {
            "{\"session_id\":\"a-1\",\"record\":" + Input($"a-{index}", one.Text) + "}",
            "{\"session_id\":\"a-2\",\"record\":" + Input($"a-{index}", JsonSerializer.Serialize(new { args = one.Text })) + "}",
            Records.Item("a-3", $"a-{index}", Records.Completed(output: one.Text), At),
            Records.Item("a-4", $"a-{index}", Records.Blocked("refused: " + one.Text), At),
        }).ToArray();
        var answer = await node.LinesAsync(string.Join('\n', lines));
        Assert.Equal(lines.Length, answer.Statuses.Count(status => status == "recorded"));
        return attacked;
    }

    /// <summary>Reasons of operators, and names that stay as they are and are refused.</summary>
    private static async Task SendReasonsAsync(TestNode node, List<PlantedSecret> planted)
    {
        var secret = "ghp_" + new PlantedSecrets(18).Letters(36);
        planted.Add(new("reason", secret, "github-token", secret));
        (await node.PostAsync("/v1/log/restart", $$"""{"reason":"after {{secret}}"}""")).Require(201);
        Assert.Contains("[redacted: github-token, 40 bytes", (await node.GetAsync("/v1/log")).Require(200).Text);
        foreach (var member in new[] { "name", "person", "source", "agents", "tasks", "sources" })
        {
            var wanted = new Dictionary<string, object> { ["name"] = "n", ["roles"] = new[] { "ingest" }, ["source"] = "n" };
            wanted[member] = member.EndsWith('s') ? new[] { secret } : secret;
            Assert.StartsWith(member + ": an id or a name in it holds a secret", (await node.PostAsync("/v1/tokens", JsonSerializer.Serialize(wanted))).Problem(422));
        }

        foreach (var (path, body) in new[]
        {
            ("/v1/windows", $$"""{"alias":"{{secret}}","task_id":"t","agent":"a","scope":["*"],"sources":["*"],"reason":"r","duration":"2h"}"""),
            ("/v1/windows", $$"""{"window_id":"{{secret}}","task_id":"t","agent":"a","scope":["*"],"sources":["*"],"reason":"r","duration":"2h"}"""),
            ("/v1/windows", $$"""{"task_id":"{{secret}}","agent":"a","scope":["*"],"sources":["*"],"reason":"r","duration":"2h"}"""),
        })
        {
            var refused = await node.PostAsync(path, body);
            Assert.InRange(refused.Status, 400, 499);
            Assert.DoesNotContain(secret, refused.Text);
        }
    }

    private async Task AssertAnswersAsync(TestNode node, List<PlantedSecret> planted)
    {
        await node.UntilReadAsync();
        var marked = 0;
        for (string? next = "/v1/events?limit=1000"; next is not null;)
        {
            var page = (await node.GetAsync(next)).Require(200);
            AssertHidden(next, page.Bytes, planted);
            marked += page.Json.GetProperty("items").EnumerateArray()
                .Count(item => item.GetProperty("event").TryGetProperty("redacted", out _));
            next = page.Json.GetProperty("next").GetString() is { } cursor ? $"/v1/events?limit=1000&cursor={cursor}" : null;
        }

        Assert.True(marked > Planted / 2, $"{marked} events say that something was redacted");
        Assert.NotEmpty((await node.GetAsync("/v1/search?q=redacted")).Require(200).Json.GetProperty("items").EnumerateArray());
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        foreach (var page in Pages(Planted))
        {
            AssertHidden(page, (await browser.GetAsync(page)).Bytes, planted);
        }

        foreach (var path in new[] { "/metrics", "/v1/stats", "/openapi/v1.json", "/v1/sessions", "/v1/windows", "/v1/violations" })
        {
            AssertHidden(path, (await node.GetAsync(path)).Bytes, planted);
        }
    }

    private static IEnumerable<string> Pages(int calls) =>
    [
        "/overview", "/sessions", "/waiting", "/tasks", "/task?id=t", "/search?q=redacted",
        "/session?id=a-1", "/session?id=a-3", "/call?session=a-1&call=a-3", "/call?session=a-4&call=a-7",
        .. Enumerable.Range(0, 15).Select(session => $"/session?id=s-{session}"),
        .. Enumerable.Range(0, calls).Where(call => call % 7 == 0).Select(call => $"/call?session=s-{call % 15}&call=c-{call}"),
    ];

    private static string Item(string session, string call, string record) =>
        "{\"session_id\":\"" + session + "\",\"message_id\":\"m-" + call.Length + session + "\",\"record\":" + record + "}";

    private static string Input(string call, string input) => Records.Record(call, """{"kind":"requested"}""", At)
        .Replace("\"requested_input\":{\"a\":1}", "\"requested_input\":" + input)
        .Replace("\"effective_input\":{\"a\":1}", "\"effective_input\":" + input);

    private static string Span(int index, string text)
    {
        var arguments = JsonSerializer.Serialize(JsonSerializer.Serialize(new { command = text }));
        return """
            {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"SPAN",
            "name":"execute_tool sh","startTimeUnixNano":"1767225600000000001","endTimeUnixNano":"1767225601123456789",
            "attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"execute_tool"}},
            {"key":"gen_ai.tool.name","value":{"stringValue":"sh"}},{"key":"gen_ai.tool.call.id","value":{"stringValue":"o-SPAN"}},
            {"key":"gen_ai.conversation.id","value":{"stringValue":"conv"}},
            {"key":"gen_ai.tool.call.arguments","value":{"stringValue":ARGUMENTS}}]}]}]}]}
            """.Replace("SPAN", $"eee19b7ec3{index:x6}").Replace("ARGUMENTS", arguments);
    }

    private static void AssertHidden(string where, ReadOnlySpan<byte> bytes, List<PlantedSecret> planted)
    {
        foreach (var one in planted)
        {
            foreach (var hidden in one.Hidden)
            {
                var at = bytes.IndexOf(Encoding.UTF8.GetBytes(hidden));
                if (at >= 0)
                {
                    var around = bytes[Math.Max(0, at - 200)..Math.Min(bytes.Length, at + hidden.Length + 50)];
                    Assert.Fail($"{one.Kind} in {where}: {Encoding.UTF8.GetString(around)}");
                }
            }
        }
    }

    private ActivityListener Listen()
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => traced.Enqueue(
                $"{activity.DisplayName} {string.Join(' ', activity.TagObjects)} {string.Join(' ', activity.Events.SelectMany(one => one.Tags))}"),
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}

public sealed class SqliteRedactionTests : RedactionContract
{
    protected override Task<string?> StoreAsync() => Task.FromResult<string?>(null);

    protected override Task<IReadOnlyList<byte[]>> DumpAsync() => Task.FromResult<IReadOnlyList<byte[]>>([]);
}

[NeedsPostgres]
public sealed class PostgresRedactionTests : RedactionContract
{
    private PostgresDatabase? database;

    public override async Task DisposeAsync()
    {
        if (database is not null)
        {
            await database.DisposeAsync();
        }
    }

    protected override async Task<string?> StoreAsync()
    {
        database = await PostgresServer.CreateDatabaseAsync();
        return "postgres:" + database.ConnectionString;
    }

    protected override async Task<IReadOnlyList<byte[]>> DumpAsync()
    {
        await using var connection = await database!.ConnectAsync();
        await using var tables = connection.CreateCommand();
        tables.CommandText =
            """
            select format('select %s from %I.%I', case data_type when 'bytea' then format('%I', column_name)
                else format('convert_to(%I::text, ''UTF8'')', column_name) end, table_schema, table_name)
            from information_schema.columns where table_schema not in ('pg_catalog', 'information_schema')
            """;
        var questions = new List<string>();
        await using (var reader = await tables.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                questions.Add(reader.GetString(0));
            }
        }

        var values = new List<byte[]>();
        foreach (var question in questions)
        {
            await using var column = connection.CreateCommand();
            column.CommandText = question;
            using var all = new MemoryStream();
            await using var reader = await column.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                if (!await reader.IsDBNullAsync(0))
                {
                    all.Write(reader.GetFieldValue<byte[]>(0));
                    all.WriteByte((byte)'\n');
                }
            }

            values.Add(all.ToArray());
        }

        Assert.NotEmpty(values);
        return values;
    }
}
