using Audit.Formats.Correlation;

namespace Audit.Formats.ClaudeCode;

/// <summary>Lines of a transcript: what the assistant asks for, and what it is given back.</summary>
internal sealed class ClaudeCodeTranscript(CallMemory memory)
{
    private const string Channel = "transcript";
    private const string Rejected = "The user doesn't want to proceed with this tool use.";
    private const string GivenUp = "The user doesn't want to take this action right now.";
    private const string UserWords = "the user said:\n";

    public void Read(JsonElement happened, string type, string? session, IFormatSink sink)
    {
        var wanted = type switch
        {
            "assistant" => "tool_use",
            "user" => "tool_result",
            _ => null,
        };
        var parts = wanted is null || happened.ObjectMember("message") is not { } message
            ? []
            : message.ArrayMember("content").Where(part => part.Text("type") == wanted).ToList();
        if (parts.Count == 0)
        {
            sink.Ignored(type);
            return;
        }

        var time = happened.Time("timestamp");
        foreach (var part in parts)
        {
            sink.Record(wanted == "tool_use"
                ? Request(part, happened, session, time)
                : Settle(part, happened, session, time, isAlone: parts.Count == 1));
        }
    }

    private DerivedRecord Request(JsonElement use, JsonElement happened, string? session, string? time)
    {
        var call = use.RequireText("id", "message.content");
        var tool = use.RequireText("name", "message.content");
        var input = use.Member("input");
        memory.Remember(session, call, tool, input);
        if (input is { } given)
        {
            memory.Open(ClaudeCodeReader.KeyOf(session, happened, tool, given), call);
        }

        var outcome = new Outcome.Requested();
        var record = ClaudeCodeReader.RecordOf(Channel, session, call, tool, outcome, input, input, time);
        return happened.GetProperty("message").Text("model") is { } model
            ? record with { Record = record.Record with { Provenance = new Provenance("anthropic", model) } }
            : record;
    }

    private DerivedRecord Settle(JsonElement result, JsonElement happened, string? session, string? time, bool isAlone)
    {
        var call = result.RequireText("tool_use_id", "message.content");
        var known = memory.Find(session, call);
        if (known?.Input is { } input)
        {
            memory.Close(ClaudeCodeReader.KeyOf(session, happened, known.Tool, input), call);
        }

        var data = isAlone ? happened.Member("toolUseResult") : null;
        data = data is { ValueKind: JsonValueKind.String } ? null : data;
        var outcome = OutcomeOf(TextOf(result.Member("content")), result.Flag("is_error") ?? false, data);
        var (tool, asked) = (known?.Tool, known?.Input);
        return ClaudeCodeReader.RecordOf(Channel, session, call, tool, outcome, asked, asked, time);
    }

    private static Outcome OutcomeOf(string text, bool isError, JsonElement? data)
    {
        if (isError && text.StartsWith(Rejected, StringComparison.Ordinal))
        {
            var at = text.IndexOf(UserWords, StringComparison.Ordinal);
            return new Outcome.Blocked(Rejected)
            {
                Decision = "denied-interactively-by-user",
                Source = "human_response",
                Feedback = at < 0 ? null : text[(at + UserWords.Length)..],
            };
        }

        return isError && text.StartsWith(GivenUp, StringComparison.Ordinal)
            ? new Outcome.Cancelled(GivenUp) { By = "user" }
            : new Outcome.Completed(new ToolResult(!isError, text) { Data = data });
    }

    /// <summary>Text alone, or a list of parts of which some are text.</summary>
    private static string TextOf(JsonElement? content) => content switch
    {
        null => "",
        { ValueKind: JsonValueKind.Array } parts =>
            string.Join('\n', parts.EnumerateArray().Select(part => part.Text("text")).OfType<string>()),
        { } other => other.AsText(),
    };
}
