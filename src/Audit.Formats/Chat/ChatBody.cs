using Audit.Formats.Correlation;

namespace Audit.Formats.Chat;

/// <summary>The parts of which a message is made.</summary>
internal static class ChatParts
{
    /// <summary>What is said and shown.</summary>
    private static readonly string[] Speech =
    [
        "text", "input_text", "output_text", "refusal", "thinking", "redacted_thinking", "reasoning", "image",
        "image_url", "input_image", "input_audio", "audio", "file", "input_file", "document", "video", "summary_text",
        "container_upload", "compaction", "fallback", "search_result", "step-start", "source", "source-url",
        "source-document",
    ];

    public const string Piece = "a piece of a call; put the pieces of the answer together and send that";

    /// <summary>What parts say that are not text is told as it stands, but for pictures and sounds.</summary>
    public static string TextOf(JsonElement? content)
    {
        var text = content.PartsText();
        return text.Length > 0 || content is not { ValueKind: JsonValueKind.Array } parts ? text
            : string.Join('\n', parts.EnumerateArray().Where(part => !Speech.Contains(part.Text("type") ?? ""))
                .Select(part => part.AsText()));
    }

    /// <summary>Anthropic's parts of calls.</summary>
    public static bool IsOfCall(JsonElement part) => part.Text("type") is { } kind
        && (kind.EndsWith("tool_use", StringComparison.Ordinal)
            || kind.EndsWith("tool_result", StringComparison.Ordinal));

    /// <returns>
    /// A sentence of a part that is neither speech nor of a call as it is written here, for it may be a call as others
    /// write it; null where there is none.
    /// </returns>
    public static string? OtherIn(JsonElement message) =>
        message.ArrayMember("content").Concat(message.ArrayMember("parts")).Where(part => !IsKnown(part))
            .Select(part => $"content: a part of the kind \"{ShortText.Of(NameOf(part), ShortText.Quoted)}\", "
                + "of which no format here knows whether it is a call").FirstOrDefault();

    private static bool IsKnown(JsonElement part) => part.Text("type") is { } kind
        ? Speech.Contains(kind) || IsOfCall(part) || VercelParts.IsOne(part)
            || kind.EndsWith("_call", StringComparison.Ordinal) || kind.StartsWith("data-", StringComparison.Ordinal)
        : part.ValueKind == JsonValueKind.String || part.Member("text") is not null;

    private static string NameOf(JsonElement part) => part.Text("type")
        ?? (part.ValueKind != JsonValueKind.Object ? $"{part.ValueKind}"
            : part.EnumerateObject().Select(one => one.Name).FirstOrDefault("nothing"));
}

/// <summary>
/// What Vercel's AI SDK keeps of calls: beside a message of its user interface, in the parts of it, which in newer
/// versions are named after their tool, or in the content of a message to the model.
/// </summary>
internal static class VercelParts
{
    private const string Place = "toolInvocations";
    private const string Prefix = "tool-", Nested = "tool-invocation";
    private const string Question = "tool-approval-request", Answer = "tool-approval-response";

    private static readonly string[] States =
    [
        "call", "tool-call", "input-available", "result", "output-available", "tool-result", "output-error",
        "tool-error", "approval-requested", "approval-responded", "output-denied",
    ];

    public static IEnumerable<JsonElement> In(JsonElement message) => message.ArrayMember(Place)
        .Concat(message.ArrayMember("parts").Concat(message.ArrayMember("content")).Where(IsOne)
            .Select(part => part.Text("type") == Nested ? part.ObjectMember("toolInvocation") ?? part : part));

    public static bool IsOne(JsonElement part) => part.Text("type") is { } kind
        && (kind is Nested or Answer || (part.Text("toolCallId") is not null
            && (kind == "dynamic-tool" || kind.StartsWith(Prefix, StringComparison.Ordinal))));

    public static void Read(JsonElement one, ChatBody told)
    {
        var kind = one.Text("type") ?? "";
        if (kind is Question or Answer)
        {
            ReadApproval(one, kind == Question, told);
            return;
        }

        var call = one.RequireText("toolCallId", Place);
        var tool = one.Text("toolName")
            ?? (kind.StartsWith(Prefix, StringComparison.Ordinal) ? kind[Prefix.Length..] : null);
        var state = one.Text("state") ?? kind;
        if (state is "partial-call" or "input-streaming")
        {
            told.Refuse($"{Place}: {ChatParts.Piece}");
            return;
        }

        if (!States.Contains(state))
        {
            throw new UnreadableException(
                $"{Place}.state", $"\"{ShortText.Of(state, ShortText.Quoted)}\" is no state that is known");
        }

        if (state != "tool-result")
        {
            told.Request(call, tool, one.Arguments("args") ?? one.Arguments("input"));
        }

        switch (state)
        {
            case "result" or "output-available":
                told.Complete(call, success: true, ChatParts.TextOf(one.Member("result") ?? one.Member("output")));
                break;
            case "tool-result":
                // The output says of what kind it is, whether it is an error, and whether anything ran.
                var given = one.ObjectMember("output");
                if (given?.Text("type") == "execution-denied")
                {
                    told.Report(call, Denied(given.Value.Text("reason")));
                    break;
                }

                var isError = given?.Text("type")?.StartsWith("error-", StringComparison.Ordinal) ?? false;
                told.Complete(call, !isError && one.Flag("isError") != true,
                    ChatParts.TextOf(given?.Member("value") ?? one.Member("result") ?? one.Member("output")));
                break;
            case "output-error" or "tool-error":
                told.Complete(call, success: false, one.Text("errorText") ?? ChatParts.TextOf(one.Member("error")));
                break;
            case "approval-requested":
                told.Report(call, new Outcome.RequiresConfirmation(tool ?? "permission", null) { Permission = one });
                break;
            case "approval-responded":
                told.Report(call, one.RequireObject("approval").RequireFlag("approved", "approval")
                    ? new Outcome.Approved("approved") : Denied(ReasonOf(one)));
                break;
            case "output-denied":
                told.Report(call, Denied(ReasonOf(one)));
                break;
        }
    }

    /// <summary>A part that asks a person, and the one that answers it, which names the question alone.</summary>
    private static void ReadApproval(JsonElement one, bool isQuestion, ChatBody told)
    {
        var question = one.RequireText("approvalId", Place);
        if (isQuestion)
        {
            told.Ask(question, one.RequireText("toolCallId", Place), one);
        }
        else if (told.CallOf(question) is { } call)
        {
            told.Report(call, one.RequireFlag("approved", Place)
                ? new Outcome.Approved("approved") : Denied(one.Text("reason")));
        }
        else
        {
            told.Refuse($"{Place}: an answer to a question that was not seen before it");
        }
    }

    private static string? ReasonOf(JsonElement one) => one.ObjectMember("approval")?.Text("reason");

    private static Outcome.Blocked Denied(string? reason) => new(reason ?? "denied") { Decision = "denied" };
}

/// <summary>Whose it is: bodies may name a conversation, and messages and items are of the last one.</summary>
/// <param name="given">What the request names is believed before the stream.</param>
internal sealed class ChatSession(string? given)
{
    private string? last;

    public string? Of(JsonElement body) => given ?? (last = body.ConversationId() ?? last);
}

/// <summary>What one body of a chat says, in our words.</summary>
internal sealed class ChatBody(
    string format, string? session, string? time, string? model, CallMemory memory, IFormatSink sink)
{
    private const int LongestName = 64;

    private readonly Dictionary<string, int> alike = [];
    private readonly Dictionary<string, string> unanswered = [];

    public bool HasSaid { get; private set; }

    /// <summary>Whose items these are, where they name it.</summary>
    public string? Agent { get; init; }

    public void Request(string call, string? tool, JsonElement? input)
    {
        HasSaid = true;
        memory.Remember(session, call, tool ?? "", input);
        sink.Record(DerivedRecord.Of(format, session, call, tool, new Outcome.Requested(), time)
            .With(input, input, model is null ? null : new Provenance(format, model)) with { Agent = Agent });
    }

    /// <summary>A person is asked whether a call may run.</summary>
    public void Ask(string question, string call, JsonElement asked)
    {
        memory.RememberRequest(session, question, call);
        Report(call, new Outcome.RequiresConfirmation(memory.Find(session, call)?.Tool ?? "permission", null)
        {
            Permission = asked,
        });
    }

    /// <summary>The call that a question was about.</summary>
    public string? CallOf(string question) => memory.CallOfRequest(session, question);

    public void Complete(string call, bool success, string output) =>
        Report(call, new Outcome.Completed(new ToolResult(success, output)));

    /// <summary>
    /// A call of the old kind, which has no id: it is named after what it is to do, and where one body has several that
    /// are alike, by which of them it is.
    /// </summary>
    public void RequestUnnamed(string tool, JsonElement? input)
    {
        var name = CanonicalJson.NameOf($"{tool}\n{(input is { } given ? CanonicalJson.NameOf(given) : "")}");
        var round = alike[name] = alike.GetValueOrDefault(name) + 1;
        var call = tool.Length <= LongestName ? $"{tool}-{name}" : $"function-{name}";
        call = round == 1 ? call : string.Create(CultureInfo.InvariantCulture, $"{call}#{round}");
        unanswered[tool] = call;
        memory.Open(KeyOf(tool), call);
        Request(call, tool, input);
    }

    /// <summary>It answers the call of this function before it, in the same body or in an earlier one.</summary>
    public void CompleteUnnamed(JsonElement answer)
    {
        var tool = answer.RequireText("name");
        if ((unanswered.Remove(tool, out var call) ? call : memory.Ask(KeyOf(tool), out _)) is not { } answered)
        {
            Note("function_result", answer);
            return;
        }

        memory.Close(KeyOf(tool), answered);
        Complete(answered, success: true, ChatParts.TextOf(answer.Member("content")));
    }

    /// <summary>Without a time: an answer comes in the body of a later request, and that has another.</summary>
    public void Report(string call, Outcome outcome)
    {
        HasSaid = true;
        var known = memory.Find(session, call);
        sink.Record(DerivedRecord.Of(format, session, call, known?.Tool, outcome, null)
            .With(known?.Input, known?.Input) with { Agent = Agent });
    }

    public void Each(IEnumerable<JsonElement> parts, Action<JsonElement> read) => parts.ReadEach(sink, part =>
    {
        try
        {
            read(part);
        }
        catch (UnreadableException)
        {
            HasSaid = true;
            throw;
        }
    });

    /// <param name="sentence">What is wrong with a part of the body; null where nothing is.</param>
    public void Refuse(string? sentence)
    {
        if (sentence is not null)
        {
            HasSaid = true;
            sink.Invalid(sentence);
        }
    }

    public void Note(string type, JsonElement detail)
    {
        HasSaid = true;
        sink.Note(new DerivedNote(session, $"{format}:{type}", type, detail)
        {
            DerivedOf = CanonicalJson.NameOf(detail), Time = time,
        });
    }

    private string KeyOf(string tool) => $"{session}\nfunction\n{tool}";
}
