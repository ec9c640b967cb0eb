using Audit.Formats.ClaudeCode;
using Audit.Formats.Correlation;

namespace Audit.Formats.Codex;

/// <summary>
/// What Codex says: the lines of `codex exec --json`, those of its rollout files, and payloads of its hooks, which have
/// the shape of Claude Code's. Rollouts and hooks name a call by the model's id; exec counts its items.
/// </summary>
internal sealed class CodexReader(CallMemory memory, string? session) : IEventReader
{
    private const string Format = "codex";

    private readonly CodexRollout rollout = new(memory);
    private readonly string? told = session;
    private readonly CodexForks forks = new(memory);
    private string? session = session;

    public void Read(JsonElement happened, long number, IFormatSink sink)
    {
        if (happened.Text("hook_event_name") is not null)
        {
            var hooks = new ClaudeCodeReader(memory, session);
            hooks.Read(happened, number, new RenamedSink(sink, ClaudeCodeReader.Format, Format));
            return;
        }

        var type = happened.RequireText("type");
        if (happened.ObjectMember("payload") is { } payload)
        {
            if (type == "session_meta")
            {
                session = told ?? forks.Begin(payload, sink) ?? session;
            }

            var home = told ?? forks.HomeOf(type, payload) ?? session;
            rollout.Read(
                new CodexLine(home, type, happened.Time("timestamp"), payload),
                told is null && home != session ? new CopySink(sink, CodexForks.OfSubAgent) : sink);
        }
        else if (type.StartsWith("item.", StringComparison.Ordinal))
        {
            var item = happened.RequireObject("item");
            if (item.Text("type") == "error")
            {
                Note("error", item, number, sink);
            }
            else
            {
                CodexItems.Read(session, type, item, sink);
            }
        }
        else
        {
            session = told ?? happened.Text("thread_id") ?? session;
            Note(type, happened, number, sink);
        }
    }

    public static DerivedRecord RecordOf(string? session, string call, string? tool, Outcome outcome, string? time) =>
        DerivedRecord.Of(Format, session, call, tool, outcome, time);

    /// <summary>The lines of exec have neither an id nor a time: their place and what they say stand for one.</summary>
    private void Note(string type, JsonElement happened, long number, IFormatSink sink)
    {
        var note = type switch
        {
            "thread.started" => "started",
            "turn.started" => "turn_started",
            "turn.completed" => "turn_ended",
            "turn.failed" or "error" => "error",
            _ => null,
        };
        if (note is null)
        {
            sink.Ignored(type);
        }
        else
        {
            sink.Note(new DerivedNote(session, $"{Format}:{note}:{number}", note, happened)
            {
                DerivedOf = CanonicalJson.NameOf(happened),
            });
        }
    }
}

/// <summary>
/// The items of `codex exec --json`. That an item started says that the model asked, and not that a person let it: what
/// was declined had started too.
/// </summary>
internal static class CodexItems
{
    public static void Read(string? session, string type, JsonElement item, IFormatSink sink)
    {
        var kind = item.RequireText("type", "item");
        if (ToolOf(item, kind) is not var (tool, input))
        {
            sink.Ignored($"{type} {kind}");
            return;
        }

        var outcome = type == "item.completed" ? OutcomeOf(item, kind) : new Outcome.Requested();
        // A thread that is resumed counts its items from the beginning again: what they do keeps them apart.
        var content = kind == "web_search" || input is null ? "" : $"-{CanonicalJson.NameOf(input.Value)}";
        var call = item.RequireText("id", "item") + content;
        sink.Record(CodexReader.RecordOf(session, call, tool, outcome, null).With(input, input));
    }

    private static (string Tool, JsonElement? Input)? ToolOf(JsonElement item, string kind) => kind switch
    {
        "command_execution" => ("shell", MadeJson.Of(json => json.WriteString("command", item.Text("command") ?? ""))),
        "file_change" => ("apply_patch", item.Member("changes")),
        "mcp_tool_call" => ($"{item.Text("server")}.{item.Text("tool")}", item.Member("arguments")),
        "collab_tool_call" =>
            (item.Text("tool") ?? kind, MadeJson.Of(json => json.WriteString("prompt", item.Text("prompt")))),
        "web_search" => (kind, MadeJson.Of(json => json.WriteString("query", item.Text("query") ?? ""))),
        _ => null,
    };

    private static Outcome OutcomeOf(JsonElement item, string kind)
    {
        var status = item.Text("status");
        if (status == "declined")
        {
            return new Outcome.Blocked("declined") { Decision = "declined" };
        }

        var error = item.ObjectMember("error")?.Text("message");
        var result = item.ObjectMember("result");
        var output = kind == "command_execution" ? item.Text("aggregated_output")
            : error ?? result?.Member("content").PartsText();
        var ran = kind == "command_execution" && item.Number("exit_code") >= 0;
        if (status == "failed" && !ran && CodexRefusals.RefusalOf(output) is { } refusal)
        {
            return refusal;
        }

        var isFailed = error is not null || status == "failed" || (item.Number("exit_code") ?? 0) != 0;
        return new Outcome.Completed(new ToolResult(!isFailed, output ?? "")
        {
            Data = kind == "command_execution" ? item.Member("exit_code") : result?.Member("structured_content"),
        });
    }
}

/// <summary>A line of a rollout file.</summary>
internal readonly record struct CodexLine(string? Session, string Type, string? Time, JsonElement Payload);

/// <summary>
/// A rollout has what the model and the tools said to each other (response_item), and, where it keeps them, events of
/// the execution, which know more: then the tool's answer to the model is no second completion.
/// </summary>
internal sealed class CodexRollout(CallMemory memory)
{
    private const string Ended = "ended:";

    private string? provider;
    private string? model;

    public void Read(in CodexLine line, IFormatSink sink)
    {
        switch (line.Type)
        {
            case "session_meta":
                provider = line.Payload.Text("model_provider");
                Note(line, "started", sink);
                break;
            case "compacted":
                Note(line, line.Type, sink);
                break;
            case "turn_context":
                model = line.Payload.Text("model");
                sink.Ignored(line.Type);
                break;
            case "response_item":
                ReadItem(line, line.Payload.RequireText("type", "payload"), sink);
                break;
            case "event_msg":
                ReadEvent(line, line.Payload.RequireText("type", "payload"), sink);
                break;
            default:
                sink.Ignored(line.Type);
                break;
        }
    }

    private void ReadItem(in CodexLine line, string kind, IFormatSink sink)
    {
        if (kind.EndsWith("_call_output", StringComparison.Ordinal))
        {
            Settle(line, kind, sink);
        }
        else if (kind.EndsWith("_call", StringComparison.Ordinal))
        {
            Request(line, kind, sink);
        }
        else
        {
            sink.Ignored($"{line.Type} {kind}");
        }
    }

    private void Request(in CodexLine line, string kind, IFormatSink sink)
    {
        var asked = line.Payload;
        if ((asked.Text("call_id") ?? asked.Text("id")) is not { } call)
        {
            // What the model's own servers do has no id of a call, and was done all the same.
            Note(line, kind, sink);
            return;
        }

        var tool = asked.Text("name") is { } name ? (asked.Text("namespace") ?? "") + name : kind[..^"_call".Length];
        var input = asked.Arguments("arguments") ?? asked.Member("input") ?? asked.Member("action");
        memory.Remember(line.Session, call, tool, input);
        sink.Record(CodexReader.RecordOf(line.Session, call, tool, new Outcome.Requested(), line.Time)
            .With(input, input, model is null ? null : new Provenance(provider ?? "", model)));
    }

    private void Settle(in CodexLine line, string kind, IFormatSink sink)
    {
        var call = line.Payload.RequireText("call_id", "payload");
        if (memory.CallOfRequest(line.Session, Ended + call) is not null)
        {
            sink.Ignored($"{kind} of a call that its event ended");
            return;
        }

        var output = line.Payload.Member("output");
        var text = output is { ValueKind: JsonValueKind.Object } told ? told.Member("content").PartsText()
            : output.PartsText();
        var success = output is { } given ? given.Flag("success") : null;
        Report(line, call, OutcomeOf(text, success), sink);
    }

    /// <summary>What a tool answers to the model; how it ended stands in words, where it stands at all.</summary>
    private static Outcome OutcomeOf(string text, bool? success)
    {
        var said = text.Trim();
        if (success != true && CodexRefusals.RefusalOf(said) is { } refusal)
        {
            return refusal;
        }

        if (IsAborted(said)
            || (said.StartsWith("Wall time:", StringComparison.Ordinal)
                && said.EndsWith("\naborted by user", StringComparison.Ordinal)))
        {
            return new Outcome.Cancelled(said) { By = "user" };
        }

        if (text.AsObject() is { } whole && whole.ObjectMember("metadata") is { } told
            && whole.Text("output") is { } output)
        {
            var seconds = told.Fraction("duration_seconds");
            return new Outcome.Completed(new ToolResult((told.Number("exit_code") ?? 0) == 0, output)
            {
                Data = told, DurationMs = seconds is null ? null : (long)(seconds * 1000),
            });
        }

        return new Outcome.Completed(new ToolResult(
            success ?? (ExitCodeIn(text) is null or 0 && !CodexRefusals.IsFailure(text)), text));
    }

    /// <summary>In the host's own words, with how long it took: a tool may say something like it.</summary>
    private static bool IsAborted(string said) => said == "aborted by user"
        || (said.StartsWith("aborted by user after ", StringComparison.Ordinal) && said.EndsWith('s')
            && double.TryParse(said["aborted by user after ".Length..^1], CultureInfo.InvariantCulture, out _));

    /// <summary>Only before the output, which may say anything.</summary>
    private static long? ExitCodeIn(string text)
    {
        foreach (var line in text.Split('\n', 6).Take(5).TakeWhile(line => line != "Output:"))
        {
            foreach (var words in new[] { "Exit code: ", "Process exited with code " })
            {
                if (line.StartsWith(words, StringComparison.Ordinal)
                    && long.TryParse(line[words.Length..], CultureInfo.InvariantCulture, out var code))
                {
                    return code;
                }
            }
        }

        return null;
    }

    private void ReadEvent(in CodexLine line, string kind, IFormatSink sink)
    {
        var told = line.Payload;
        switch (kind)
        {
            case "exec_command_begin" or "mcp_tool_call_begin" or "patch_apply_begin":
                Report(line, told.RequireText("call_id", "payload"), new Outcome.Started(), sink);
                break;
            case "exec_command_end" or "mcp_tool_call_end" or "patch_apply_end":
                End(line, kind, sink);
                break;
            case "exec_approval_request" or "apply_patch_approval_request":
                var asked = told.Text("reason") ?? (kind[0] == 'e' ? "run a command" : "change files");
                var question = new Outcome.RequiresConfirmation(asked, null) { Permission = told };
                Report(line, told.RequireText("call_id", "payload"), question, sink);
                break;
            case "task_started" or "turn_started":
                Note(line, "turn_started", sink);
                break;
            case "task_complete" or "turn_complete":
                Note(line, "turn_ended", sink);
                break;
            case "turn_aborted":
                Note(line, "aborted", sink);
                break;
            case "user_message":
                Note(line, "prompt", sink);
                break;
            case "error" or "stream_error":
                Note(line, "error", sink);
                break;
            default:
                sink.Ignored($"{line.Type} {kind}");
                break;
        }
    }

    private void End(in CodexLine line, string kind, IFormatSink sink)
    {
        var told = line.Payload;
        var call = told.RequireText("call_id", "payload");
        var answer = told.ObjectMember("result");
        var failure = answer?.Member("Err")?.AsText();
        var success = kind switch
        {
            "mcp_tool_call_end" => failure is null && answer?.ObjectMember("Ok")?.Flag("isError") != true,
            "patch_apply_end" => told.RequireFlag("success", "payload"),
            _ => told.Number("exit_code") == 0,
        };
        var output = failure ?? answer?.ObjectMember("Ok")?.Member("content").PartsText()
            ?? told.Text("aggregated_output") ?? told.Text("stdout") + told.Text("stderr");
        var took = told.ObjectMember("duration");
        var ran = success || (kind == "exec_command_end" && told.Number("exit_code") >= 0);
        var refusal = told.Text("status") == "declined"
            ? new Outcome.Blocked("declined") { Decision = "declined" }
            : ran || answer?.Member("Ok") is not null ? null : CodexRefusals.RefusalOf(output);
        Outcome outcome = refusal is not null
            ? refusal
            : new Outcome.Completed(new ToolResult(success, output)
            {
                Data = answer?.ObjectMember("Ok")?.Member("structuredContent") ?? told.Member("exit_code"),
                DurationMs = took is { } time ? (time.Count("secs") * 1000) + (time.Count("nanos") / 1_000_000) : null,
            });
        memory.RememberRequest(line.Session, Ended + call, call);
        Report(line, call, outcome, sink);
    }

    private void Report(in CodexLine line, string call, Outcome outcome, IFormatSink sink)
    {
        var known = memory.Find(line.Session, call);
        var invocation = line.Payload.ObjectMember("invocation");
        var input = known?.Input ?? invocation?.Member("arguments");
        var tool = known?.Tool ?? invocation?.Text("tool");
        sink.Record(CodexReader.RecordOf(line.Session, call, tool, outcome, line.Time).With(input, input));
    }

    private static void Note(in CodexLine line, string type, IFormatSink sink) => sink.Note(
        new DerivedNote(line.Session, line.Time is null ? null : $"codex:{type}:{line.Time}", type, line.Payload)
        {
            Time = line.Time,
        });
}
