using Audit.Formats.Correlation;

namespace Audit.Formats.Chat;

/// <summary>
/// What models and tools say to each other over OpenAI's interfaces: messages of chats, bodies of requests and answers,
/// items of responses, and messages as Vercel's AI SDK keeps them. They name no session but by the conversation, mostly
/// have no time, and a tool's answer does not say whether the tool failed, or ran.
/// </summary>
internal sealed class OpenAiReader(CallMemory memory, string? session) : IEventReader
{
    private const string Format = "openai";

    private const string Event = "response.";

    private static readonly string[] Members = ["role", "type", "object", "messages", "choices", "input", "output"];

    private readonly ChatSession named = new(session);

    public void Read(JsonElement happened, long number, IFormatSink sink)
    {
        // Of what is streamed the item that is done says all that the pieces before it said.
        var type = happened.Text("type");
        var done = type == "response.output_item.done" ? happened.ObjectMember("item") : null;
        var isEvent = type?.StartsWith(Event, StringComparison.Ordinal) == true;
        if ((isEvent ? happened.ObjectMember("response") ?? done : happened) is not { } whole)
        {
            sink.Ignored(type!);
            return;
        }

        var told = new ChatBody(Format, named.Of(whole), TimeOf(whole), whole.Text("model"), memory, sink);
        ReadBody(whole, told);
        if (told.HasSaid)
        {
            return;
        }

        happened.RequireOneOf(Members, "a chat, a message or an item of OpenAI");
        sink.Ignored(type ?? happened.Text("role") ?? happened.Text("object") ?? "message");
    }

    private static void ReadBody(JsonElement body, ChatBody told)
    {
        told.Each([body], message => ReadMessage(message, told));
        told.Each(body.ArrayMember("messages"), message => ReadMessage(message, told));

        foreach (var choice in body.ArrayMember("choices"))
        {
            if (choice.ObjectMember("delta")?.ArrayMember("tool_calls").Any() == true)
            {
                told.Refuse($"choices.delta.tool_calls: {ChatParts.Piece}");
            }

            told.Each([choice.ObjectMember("message") ?? default], message => ReadMessage(message, told));
        }

        told.Each(
            body.ArrayMember("input").Concat(body.ArrayMember("output")).Prepend(body), item => ReadItem(item, told));
    }

    private static void ReadMessage(JsonElement message, ChatBody told)
    {
        told.Each(message.ArrayMember("tool_calls"), call =>
        {
            var asked = call.ObjectMember("function") ?? call.ObjectMember("custom") ?? call;
            var input = asked.Arguments("arguments") ?? asked.Member("input") ?? asked.Member("args");
            told.Request(call.RequireText("id", "tool_calls"), asked.Text("name"), input);
        });

        if (message.ObjectMember("function_call") is { } old)
        {
            told.RequestUnnamed(old.RequireText("name", "function_call"), old.Arguments("arguments"));
        }

        var invocations = VercelParts.In(message).ToList();
        told.Each(invocations, one => VercelParts.Read(one, told));
        told.Refuse(ChatParts.OtherIn(message));
        if (invocations.Count == 0
            && (message.Text("role") == "tool" || (message.Text("role") is null && message.Text("type") == "tool")))
        {
            told.Complete(
                message.RequireText("tool_call_id"), message.Text("status") != "error",
                message.Member("content").PartsText());
        }
        else if (message.Text("role") == "function")
        {
            told.CompleteUnnamed(message);
        }
    }

    public static void ReadItem(JsonElement item, ChatBody told)
    {
        var kind = item.Text("type");
        if (kind is null || item.Text("role") is not null)
        {
            return;
        }

        if (kind.EndsWith("_call_output", StringComparison.Ordinal))
        {
            var isFailed = item.Text("status") == "failed" || item.ArrayMember("output").Any(HasFailed);
            told.Complete(item.RequireText("call_id"), !isFailed, ChatParts.TextOf(item.Member("output")));
        }
        else if (kind == "mcp_call")
        {
            var call = item.Text("approval_request_id") ?? item.RequireText("id");
            var error = item.Member("error");
            told.Request(call, NameOf(item), item.Arguments("arguments"));
            told.Complete(call, error is null, (error ?? item.Member("output")).PartsText());
        }
        else if (kind == "mcp_approval_request")
        {
            var call = item.RequireText("id");
            told.Request(call, NameOf(item), item.Arguments("arguments"));
            told.Report(call, new Outcome.RequiresConfirmation(NameOf(item), null) { Permission = item });
        }
        else if (kind == "mcp_approval_response")
        {
            told.Report(
                item.RequireText("approval_request_id"),
                item.RequireFlag("approve") ? new Outcome.Approved("approved") { Source = "human_response" }
                    : new Outcome.Blocked(item.Text("reason") ?? "not approved")
                    {
                        Decision = "denied-interactively-by-user", Source = "human_response",
                    });
        }
        else if (kind.EndsWith("_call", StringComparison.Ordinal))
        {
            ReadCall(item, kind, told);
        }
    }

    /// <summary>What the host runs has an answer of its own; what OpenAI runs says itself how it stands.</summary>
    private static void ReadCall(JsonElement item, string kind, ChatBody told)
    {
        var own = item.Text("call_id");
        var call = own ?? item.RequireText("id");
        var tool = item.Text("name") ?? kind[..^"_call".Length];
        var input = item.Arguments("arguments") ?? item.Member("input") ?? item.Member("action")
            ?? item.Member("operation") ?? item.Member("queries") ?? item.Member("code");
        told.Request(call, tool, input);
        if (own is null && item.Text("status") is "completed" or "failed" or "incomplete")
        {
            var output = item.Member("results") ?? item.Member("outputs");
            told.Complete(call, item.Text("status") == "completed", output.PartsText());
        }
    }

    /// <summary>Of a shell each command says how it ended.</summary>
    public static bool HasFailed(JsonElement part) => part.ObjectMember("outcome") is { } ended
        && (ended.Text("type") == "timeout" || (ended.Number("exit_code") ?? 0) != 0);

    private static string NameOf(JsonElement item) => $"{item.Text("server_label")}.{item.Text("name")}";

    private static string? TimeOf(JsonElement body) =>
        (body.Count("created_at") ?? body.Count("created")) is { } seconds and < 253_402_300_800
            ? Rfc3339.Format(Timestamp.From(DateTimeOffset.FromUnixTimeSeconds(seconds)))
            : null;
}

/// <summary>
/// Messages over Anthropic's interface: lines of a conversation, bodies of requests and answers. They have no time and
/// no session, and a result that is an error does not say whether the tool failed or was not let run.
/// </summary>
internal sealed class AnthropicReader(CallMemory memory, string? session) : IEventReader
{
    private const string Format = "anthropic";

    private readonly ChatSession named = new(session);

    public void Read(JsonElement happened, long number, IFormatSink sink)
    {
        var told = new ChatBody(
            Format, named.Of(happened), happened.Time("timestamp"), happened.Text("model"), memory, sink);
        if (happened.ObjectMember("content_block") is { } begun && ChatParts.IsOfCall(begun))
        {
            told.Refuse($"content_block: {ChatParts.Piece}");
        }

        foreach (var message in happened.ArrayMember("messages").Prepend(happened))
        {
            told.Each(message.ArrayMember("content"), block => ReadBlock(block, told));
            told.Refuse(ChatParts.OtherIn(message));
        }

        if (!told.HasSaid)
        {
            happened.RequireOneOf(["role", "type", "messages"], "a message of Anthropic, or a chat");
            sink.Ignored(happened.Text("role") ?? happened.Text("type") ?? "message");
        }
    }

    private static void ReadBlock(JsonElement block, ChatBody told)
    {
        var kind = block.Text("type") ?? "";
        if (kind.EndsWith("tool_use", StringComparison.Ordinal))
        {
            var name = block.RequireText("name", "content");
            var server = block.Text("server_name");
            told.Request(
                block.RequireText("id", "content"), server is null ? name : $"{server}.{name}", block.Member("input"));
        }
        else if (kind.EndsWith("tool_result", StringComparison.Ordinal))
        {
            var content = block.Member("content");
            var failure = content?.Text("error_code");
            var isError = block.Flag("is_error") == true || failure is not null
                || (content?.Number("return_code") ?? 0) != 0;
            told.Complete(block.RequireText("tool_use_id", "content"), !isError, failure ?? ChatParts.TextOf(content));
        }
    }
}
