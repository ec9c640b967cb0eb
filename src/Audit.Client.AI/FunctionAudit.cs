using System.Collections;
using System.Text.Json.Nodes;
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

    /// <summary>
    /// Says more of a call, such as its agent, its task, or what kind of permission its tool needs. The tool and its
    /// input are what they are.
    /// </summary>
    public Func<AuditCall, AuditCall>? Describe { get; init; }

    /// <summary>The function as it is given to a chat: whoever invokes it asks first.</summary>
    public AIFunction Guard(AIFunction function) => new GuardedFunction(this, function);

    /// <summary>All tools of a chat, for <see cref="ChatOptions.Tools"/>.</summary>
    /// <exception cref="ArgumentException">One of them does not run within this process.</exception>
    public IList<AITool> Guard(IEnumerable<AITool> tools) => [.. tools.Select(tool => tool is AIFunction function
        ? Guard(function)
        : throw new ArgumentException(
            $"The tool \"{tool.Name}\" ({tool.GetType().Name}) does not run within this process, and nobody here can "
            + "ask before it runs; accepted are tools that are an AIFunction.",
            nameof(tools)))];

    private async ValueTask<object?> InvokeAsync(
        AIFunction function, AIFunctionArguments arguments, CancellationToken cancellation)
    {
        object? given = null;
        var input = InputOf(function, arguments);
        var run = await client.RunAsync(
            CallOf(function, input),
            async token =>
            {
                RequireSame(function, arguments, input);
                given = AtOnce(await function.InvokeAsync(arguments, token));
                return GivenBack.Of(given, function.JsonSerializerOptions);
            },
            Wait, cancellation);
        return run.Ran ? given : run.Refusal;
    }

    private AuditCall CallOf(AIFunction function, JsonElement input)
    {
        var call = new AuditCall
        {
            SessionId = sessionId,
            ToolCallId = CallId?.Invoke() is { Length: > 0 } id ? id : $"{Guid.NewGuid():N}",
            ToolName = function.Name,
        };
        return (Describe?.Invoke(call) ?? call) with { ToolName = function.Name, EffectiveInput = input };
    }

    private static JsonElement InputOf(AIFunction function, AIFunctionArguments arguments) =>
        JsonSerializer.SerializeToElement<IDictionary<string, object?>>(arguments, function.JsonSerializerOptions);

    /// <summary>Others may hold the arguments too, and a person may take minutes.</summary>
    private static void RequireSame(AIFunction function, AIFunctionArguments arguments, JsonElement decided)
    {
        if (InputOf(function, arguments).GetRawText() != decided.GetRawText())
        {
            throw new InvalidOperationException(
                $"The arguments of \"{function.Name}\" were changed after they were decided on; it did not run.");
        }
    }

    /// <summary>What would do its work while it is read does it once, here, where it is recorded.</summary>
    private static object? AtOnce(object? given) => given switch
    {
        string or JsonNode or ICollection => given,
        IEnumerable read when !Has(read, typeof(ICollection<>)) && !Has(read, typeof(IReadOnlyCollection<>)) =>
            ListOf(read),
        _ => given,
    };

    private static IList ListOf(IEnumerable read)
    {
        Type[] types = [.. Generic(read, typeof(IEnumerable<>)).Select(type => type.GetGenericArguments()[0])];
        var element = types is [var only] ? only : typeof(object);
        var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(element))!;
        foreach (var one in read)
        {
            list.Add(one);
        }

        return list;
    }

    private static bool Has(object given, Type type) => Generic(given, type).Any();

    private static IEnumerable<Type> Generic(object given, Type type) => given.GetType().GetInterfaces()
        .Where(one => one.IsGenericType && one.GetGenericTypeDefinition() == type);

    private sealed class GuardedFunction(FunctionAudit audit, AIFunction function) : DelegatingAIFunction(function)
    {
        protected override ValueTask<object?> InvokeCoreAsync(
            AIFunctionArguments arguments, CancellationToken cancellationToken) =>
            audit.InvokeAsync(InnerFunction, arguments, cancellationToken);
    }
}

/// <summary>What a function gave back, as it is recorded.</summary>
internal static class GivenBack
{
    /// <summary>More of it would be more than a node takes in one record.</summary>
    private const int MostLetters = 1 << 20, MostFileBytes = 4 << 20;

    /// <summary>The function ran: that its result cannot be written is no reason to say that it failed.</summary>
    public static AuditToolResult Of(object? given, JsonSerializerOptions options)
    {
        try
        {
            return Written(given, options);
        }
        catch (Exception failure)
        {
            return new AuditToolResult(
                true, $"A {given!.GetType().Name}, which cannot be written as JSON: {failure.Message}");
        }
    }

    private static AuditToolResult Written(object? given, JsonSerializerOptions options) => given switch
    {
        null => new AuditToolResult(true, ""),
        string text => new AuditToolResult(true, Cut(text)),
        JsonElement { ValueKind: JsonValueKind.String } text => new AuditToolResult(true, Cut(text.GetString()!)),
        JsonElement data => OfData(data),
        AIContent content => OfContents([content], options),
        IEnumerable<AIContent> contents => OfContents([.. contents], options),
        _ => OfData(JsonSerializer.SerializeToElement(given, given.GetType(), options)),
    };

    /// <summary>A tool of an MCP server says by a member that it failed.</summary>
    private static AuditToolResult OfData(JsonElement data)
    {
        var text = data.GetRawText();
        var failed = data.ValueKind == JsonValueKind.Object && data.TryGetProperty("isError", out var isError)
            && isError.ValueKind == JsonValueKind.True;
        return new AuditToolResult(!failed, Cut(text)) { Data = text.Length <= MostLetters ? data : null };
    }

    private static AuditToolResult OfContents(AIContent[] contents, JsonSerializerOptions options)
    {
        var (shown, files, room) = (new List<string>(), new List<AuditDocument>(), MostFileBytes);
        foreach (var content in contents)
        {
            if (content is DataContent file && file.Data.Length <= room)
            {
                files.Add(new AuditDocument(file.MediaType, file.Data));
                room -= file.Data.Length;
                continue;
            }

            shown.Add(content switch
            {
                TextContent text => text.Text,
                ErrorContent error => error.Message,
                DataContent large => $"[{large.MediaType}, {large.Data.Length} bytes, too large to be recorded]",
                _ => JsonSerializer.Serialize(content, content.GetType(), options),
            });
        }

        return new AuditToolResult(!contents.OfType<ErrorContent>().Any(), Cut(string.Join('\n', shown)))
        {
            Documents = files.Count > 0 ? files : null,
        };
    }

    private static string Cut(string text) => text.Length <= MostLetters ? text
        : $"{text[..MostLetters]} [cut: {text.Length - MostLetters} letters more]";
}
