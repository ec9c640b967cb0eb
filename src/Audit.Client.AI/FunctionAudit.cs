using Microsoft.Extensions.AI;

namespace Audit.Client.AI;

/// <summary>
/// Puts the functions of a chat under audit: each call is decided by a node before it runs, and what became of it is
/// recorded. What is not approved does not run, and the model is told why.
/// </summary>
/// <param name="client">Asks and records.</param>
/// <param name="sessionId">The session that the calls belong to.</param>
public sealed class FunctionAudit(AuditClient client, string sessionId)
{
    /// <summary>How long a call waits for a person, where one is asked.</summary>
    public TimeSpan Wait { get; init; }

    /// <summary>
    /// Gives the id by which the model knows the call that runs now. Where it is left out, or gives none, a call gets
    /// one of its own.
    /// </summary>
    public Func<string?>? CallId { get; init; }

    /// <summary>Says more of a call, such as its agent, its task, or what kind of permission its tool needs.</summary>
    public Func<AuditCall, AuditCall>? Describe { get; init; }

    /// <summary>The function as it is given to a chat: whoever invokes it asks first.</summary>
    public AIFunction Guard(AIFunction function) => new GuardedFunction(this, function);

    /// <summary>All tools of a chat, for <see cref="ChatOptions.Tools"/>.</summary>
    /// <exception cref="ArgumentException">One of them does not run within this process.</exception>
    public IList<AITool> Guard(IEnumerable<AITool> tools) => [.. tools.Select(tool => tool is AIFunction function
        ? Guard(function)
        : throw new ArgumentException(
            $"The tool \"{tool.Name}\" ({tool.GetType().Name}) does not run within this process, and nobody here can ask "
            + "before it runs; accepted are tools that are an AIFunction.",
            nameof(tools)))];

    private async ValueTask<object?> InvokeAsync(
        AIFunction function, AIFunctionArguments arguments, CancellationToken cancellation)
    {
        object? given = null;
        var run = await client.RunAsync(
            CallOf(function, arguments),
            async token =>
            {
                given = await function.InvokeAsync(arguments, token);
                return ResultOf(given, function.JsonSerializerOptions);
            },
            Wait, cancellation);
        return run.Ran ? given : run.Refusal;
    }

    private AuditCall CallOf(AIFunction function, AIFunctionArguments arguments)
    {
        var call = new AuditCall
        {
            SessionId = sessionId,
            ToolCallId = CallId?.Invoke() is { Length: > 0 } id ? id : $"{Guid.NewGuid():N}",
            ToolName = function.Name,
            EffectiveInput = JsonSerializer.SerializeToElement<IDictionary<string, object?>>(
                arguments, function.JsonSerializerOptions),
        };
        return Describe?.Invoke(call) ?? call;
    }

    private static AuditToolResult ResultOf(object? given, JsonSerializerOptions options) => given switch
    {
        null => new AuditToolResult(true, ""),
        string text => new AuditToolResult(true, text),
        JsonElement { ValueKind: JsonValueKind.String } text => new AuditToolResult(true, text.GetString()!),
        JsonElement data => new AuditToolResult(true, data.GetRawText()) { Data = data },
        AIContent content => ResultOf([content], options),
        IEnumerable<AIContent> contents => ResultOf([.. contents], options),
        _ => ResultOf(Written(given, options), options),
    };

    private static AuditToolResult ResultOf(AIContent[] contents, JsonSerializerOptions options)
    {
        var shown = contents.Where(content => content is not DataContent).Select(content =>
            content is TextContent text ? text.Text : ResultOf(Written(content, options), options).Output);
        var files = contents.OfType<DataContent>().Select(file => new AuditDocument(file.MediaType, file.Data)).ToList();
        return new AuditToolResult(true, string.Join('\n', shown)) { Documents = files.Count > 0 ? files : null };
    }

    /// <summary>The function ran: that its result cannot be written is no reason to say that it failed.</summary>
    private static object Written(object given, JsonSerializerOptions options)
    {
        try
        {
            return JsonSerializer.SerializeToElement(given, given.GetType(), options);
        }
        catch (Exception failure) when (failure is JsonException or NotSupportedException or InvalidOperationException)
        {
            return $"A {given.GetType().Name}, which cannot be written as JSON: {failure.Message}";
        }
    }

    private sealed class GuardedFunction(FunctionAudit audit, AIFunction function) : DelegatingAIFunction(function)
    {
        protected override ValueTask<object?> InvokeCoreAsync(
            AIFunctionArguments arguments, CancellationToken cancellationToken) =>
            audit.InvokeAsync(InnerFunction, arguments, cancellationToken);
    }
}
