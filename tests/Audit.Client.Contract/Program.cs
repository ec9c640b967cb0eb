using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Audit.Client;

// A host in a process of its own, told by lines what to do: tests/Audit.Client.Tests/ClientContract.cs says how.
var environment = (string name) => Environment.GetEnvironmentVariable(name);
var options = new AuditClientOptions
{
    Server = new Uri(environment("AUDIT_SERVER")!),
    Token = environment("AUDIT_TOKEN")!,
    SpoolPath = environment("AUDIT_SPOOL"),
    MostUnsentBytes = environment("AUDIT_SPOOL_LIMIT") is { } limit
        ? long.Parse(limit, CultureInfo.InvariantCulture) : 64L << 20,
    Patience = TimeSpan.FromSeconds(
        environment("AUDIT_PATIENCE") is { } patience ? double.Parse(patience, CultureInfo.InvariantCulture) : 30),
    OnTrouble = trouble => Console.Error.WriteLine($"{trouble.Failure}: {trouble.Sentence}"),
};
await using var client = new AuditClient(options);
while (await Console.In.ReadLineAsync() is { } line)
{
    Console.Out.WriteLine((await AnswerAsync(line)).ToJsonString());
}

return 0;

async Task<JsonObject> AnswerAsync(string line)
{
    try
    {
        var command = JsonDocument.Parse(line).RootElement;
        return Text(command, "do") switch
        {
            "note" => await NoteAsync(command),
            "record" => await RecordAsync(command),
            "decide" => Of(await client.DecideAsync(CallOf(command), Seconds(command, "wait"))),
            "run" when Member(command, "twice") is not null => await RunTwiceAsync(command),
            "run" => await RunAsync(command),
            "flush" => await FlushAsync(command),
            var other => new JsonObject { ["ok"] = false, ["error"] = $"There is no command \"{other}\"." },
        };
    }
    catch (AuditException failure)
    {
        return new JsonObject
        {
            ["ok"] = false, ["error"] = failure.Message, ["full"] = failure.Failure == AuditFailure.SpoolFull,
            ["approved"] = false, ["ran"] = failure.Result is not null,
        };
    }
    catch (Exception failure) when (failure is JsonException or InvalidOperationException or KeyNotFoundException)
    {
        return new JsonObject { ["ok"] = false, ["error"] = failure.Message };
    }
}

async Task<JsonObject> NoteAsync(JsonElement command)
{
    await client.NoteAsync(Text(command, "session_id")!, Text(command, "type")!, Member(command, "detail"));
    return new JsonObject { ["ok"] = true };
}

async Task<JsonObject> RecordAsync(JsonElement command)
{
    await client.RecordAsync(CallOf(command), OutcomeOf(command.GetProperty("outcome")));
    return new JsonObject { ["ok"] = true };
}

async Task<JsonObject> RunAsync(JsonElement command)
{
    string? failed = null;
    try
    {
        var run = await client.RunAsync(
            CallOf(command),
            async cancellation =>
            {
                await File.AppendAllTextAsync(Text(command, "append")!, Text(command, "text") + "\n", cancellation);
                failed = Text(command, "fails");
                return failed is null ? new AuditToolResult(true, "done") : throw new TimeoutException(failed);
            },
            Seconds(command, "wait"));
        var answer = Of(run.Decision);
        answer["ran"] = run.Ran;
        return answer;
    }
    catch (TimeoutException) when (failed is not null)
    {
        return new JsonObject { ["ok"] = true, ["ran"] = true, ["failed"] = failed };
    }
}

async Task<JsonObject> RunTwiceAsync(JsonElement command)
{
    var ran = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
    {
        try
        {
            return (bool)(await RunAsync(command))["ran"]!;
        }
        catch (AuditException)
        {
            return false;
        }
    })));
    return new JsonObject { ["ok"] = true, ["runs"] = ran.Count(one => one) };
}

async Task<JsonObject> FlushAsync(JsonElement command)
{
    var left = await client.FlushAsync(Seconds(command, "seconds"));
    return new JsonObject { ["ok"] = left == 0, ["left"] = left };
}

static JsonObject Of(AuditDecision decision) => new()
{
    ["ok"] = true, ["approved"] = decision.IsApproved, ["decision"] = decision.Decision, ["by"] = decision.By,
    ["feedback"] = decision.Feedback,
};

static AuditCall CallOf(JsonElement command) => new()
{
    SessionId = Text(command, "session_id")!, ToolCallId = Text(command, "tool_call_id")!,
    ToolName = Text(command, "tool_name")!, TaskId = Text(command, "task_id"), Agent = Text(command, "agent"),
    Parent = Text(command, "parent"),
    DisplayName = Text(command, "display_name"), Tier = Text(command, "tier"),
    Turn = Member(command, "turn")?.GetInt64(),
    Provider = Member(command, "provenance") is { } from ? Text(from, "provider") : null,
    Model = Member(command, "provenance") is { } by ? Text(by, "model") : null,
    RequestedInput = Member(command, "requested_input"), EffectiveInput = Member(command, "effective_input"),
    Permission = Member(command, "permission"), Location = Text(command, "location"),
    Description = Text(command, "description"), ExpiresAt = Member(command, "expires_at")?.GetDateTimeOffset(),
};

static AuditOutcome OutcomeOf(JsonElement outcome) => Text(outcome, "kind") switch
{
    "requested" => AuditOutcome.Requested(),
    "requires_confirmation" => AuditOutcome.RequiresConfirmation(Text(outcome, "description")!),
    "approved" => AuditOutcome.Approved(Text(outcome, "decision")!, Text(outcome, "by"), Text(outcome, "feedback")),
    "started" => AuditOutcome.Started(),
    "blocked" => AuditOutcome.Blocked(Text(outcome, "reason")!, Text(outcome, "by")),
    "cached" => AuditOutcome.Cached(ResultOf(outcome)!),
    "replayed" => AuditOutcome.Replayed(ResultOf(outcome)!),
    "invalidated" => AuditOutcome.Invalidated(Text(outcome, "reason")!),
    "cancelled" => AuditOutcome.Cancelled(Text(outcome, "reason")!),
    "completed" => AuditOutcome.Completed(ResultOf(outcome)!),
    "persistence_failed" => AuditOutcome.PersistenceFailed(Text(outcome, "error")!, ResultOf(outcome)),
    var other => throw new InvalidOperationException($"There is no outcome \"{other}\"."),
};

static AuditToolResult? ResultOf(JsonElement outcome) => Member(outcome, "result") is { } result
    ? new AuditToolResult(result.GetProperty("success").GetBoolean(), Text(result, "output") ?? "")
    {
        Data = Member(result, "data"),
    }
    : null;

static TimeSpan Seconds(JsonElement command, string name) =>
    TimeSpan.FromSeconds(Member(command, name)?.GetDouble() ?? 0);

static string? Text(JsonElement value, string name) => Member(value, name)?.GetString();

static JsonElement? Member(JsonElement value, string name) =>
    value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var member)
        && member.ValueKind != JsonValueKind.Null ? member : null;
