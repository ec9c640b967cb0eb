using System.Net;

namespace Audit.Client.Http;

/// <summary>An answer as the node wrote it, and the record that it is, which is read when it is asked for.</summary>
internal sealed class Answer<T>(JsonElement document, Func<JsonElement, T> read)
{
    private readonly Lazy<T> value = new(() => read(document));

    public JsonElement Document => document;

    /// <exception cref="NodeException">The document is no such record.</exception>
    public T Value => value.Value;
}

internal enum NodeTrouble
{
    /// <summary>There is no node, or it went away.</summary>
    Unreachable,

    /// <summary>It answered that it will not do what was asked.</summary>
    Refused,

    /// <summary>Its answer, or the input that it was to be sent, cannot be read.</summary>
    Unreadable,

    /// <summary>What it was to be asked is no request.</summary>
    Unsendable,

    /// <summary>It did not take a record as what that says.</summary>
    NotRecorded,

    /// <summary>As much waits to be sent to it as may.</summary>
    Full,

    /// <summary>What is to be sent to it cannot be kept.</summary>
    Unwritable,
}

/// <summary>Why a node did not answer a question, in one sentence.</summary>
internal sealed class NodeException(NodeTrouble trouble, string sentence, Exception? cause = null)
    : Exception(sentence, cause)
{
    private const int MostCharacters = 64 << 10;

    public NodeTrouble Trouble { get; } = trouble;

    /// <summary>The node may answer otherwise in a moment.</summary>
    public bool IsForNow { get; private init; }

    /// <summary>What was sent is what it cannot take, and never will.</summary>
    public bool IsOfContent { get; private init; }

    /// <summary>When it wants to be asked again, if it asked for that.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    internal static NodeException Unreachable(Uri server, Exception failure) =>
        new(NodeTrouble.Unreachable, $"The node at {server} cannot be reached: {failure.Message}", failure);

    internal static NodeException Unreadable(Uri server, Exception failure) =>
        new(NodeTrouble.Unreadable, $"The answer of {server} cannot be read: {failure.Message}", failure);

    /// <summary>What a node answers when it refuses a request.</summary>
    internal static async Task<NodeException> OfRefusalAsync(
        HttpResponseMessage response, CancellationToken cancellation)
    {
        using (response)
        {
            var status = (int)response.StatusCode;
            return new NodeException(NodeTrouble.Refused, await DetailAsync(response, cancellation) is { } detail
                ? $"The node answered {status}: {detail}"
                : $"The node answered {status}.")
            {
                IsForNow = response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout
                    or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout,
                IsOfContent = response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge
                    or HttpStatusCode.UnprocessableEntity,
                RetryAfter = response.Headers.RetryAfter?.Delta,
            };
        }
    }

    private static async Task<string?> DetailAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        try
        {
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
            var body = new char[MostCharacters];
            var length = await reader.ReadBlockAsync(body, cancellation);
            using var problem = JsonDocument.Parse(body.AsMemory(0, length));
            return Member(problem.RootElement, "detail") ?? Member(problem.RootElement, "title")
                ?? Member(problem.RootElement, "reason");
        }
        catch (Exception failure) when (failure is JsonException or IOException or HttpRequestException)
        {
            return null;
        }
    }

    // Whoever answers may be no node at all: nothing is expected of the body's shape.
    private static string? Member(JsonElement problem, string name) =>
        problem.ValueKind == JsonValueKind.Object && problem.TryGetProperty(name, out var value)
            && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
