namespace Audit.Api.Answers;

/// <summary>
/// An error as RFC 9457 has it: the detail says in one sentence what was wrong, where, and what is accepted.
/// </summary>
internal sealed record Problem(int Status, string Kind, string Title, string Detail)
    : IResult, IStatusCodeHttpResult
{
    public const int SecondsOfUnavailable = 2;

    int? IStatusCodeHttpResult.StatusCode => Status;

    /// <summary>Seconds after which the same request may succeed.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>Where in a query the fault lies, in UTF-16 units.</summary>
    public (int Offset, int Length)? Place { get; init; }

    /// <summary>What was asked for is several things; an address for each of them, by its source.</summary>
    public IReadOnlyList<(string Source, string Href)>? Choices { get; init; }

    /// <param name="also">How else one can say which.</param>
    public static Problem Several(
        string what, IReadOnlyList<(string Source, string Href)> choices, string also = "") => new(
        300, "several-sources", "Several sources report it",
        $"There is {what} of {string.Join(", ", choices.Select(choice => $"\"{choice.Source}\""))}; "
        + $"say which with source (`?source=`, `--source`){also}.")
    {
        Choices = choices,
    };

    public static Problem BadQuery(string sentence, int offset, int length) =>
        new(400, "bad-query", "The query cannot be read", sentence) { Place = (offset, length) };

    public static Problem BadRequest(string detail) => new(400, "bad-request", "The request cannot be read", detail);

    public static Problem BadParameter(string name, string sentence) =>
        new(400, "bad-parameter", "A parameter is wrong", $"{name}: {sentence}");

    public static Problem BadHeader(string name, string sentence) =>
        new(400, "bad-header", "A header is wrong", $"{name}: {sentence}");

    public static Problem Unauthorized(string detail) => new(401, "unauthorized", "No valid token", detail);

    public static Problem Forbidden(string detail) => new(403, "forbidden", "The token may not do this", detail);

    public static Problem NotFound(string detail) => new(404, "not-found", "There is nothing here", detail);

    public static Problem Archived(string detail) => new(410, "archived", "It is in an archive", detail);

    public static Problem MethodNotAllowed(string method, string allowed) => new(
        405, "method-not-allowed", "The method is not allowed here",
        $"{method} is not allowed here; accepted are: {(allowed.Length == 0 ? "none" : allowed)}.");

    public static Problem Conflict(string detail) => new(409, "conflict", "The name is taken", detail);

    public static Problem TooLarge(string detail) => new(413, "too-large", "The body is too large", detail);

    public static Problem UnsupportedMedia(string detail) =>
        new(415, "unsupported-media", "The body is of an unknown kind", detail);

    public static Problem Unprocessable(string detail) =>
        new(422, "unprocessable", "The body says something wrong", detail);

    public static Problem Full(string detail) =>
        new(429, "full", "The node is full", detail) { RetryAfter = 1 };

    public static Problem OverQuota(string detail) =>
        new(429, "over-quota", "More at a time than its share", detail) { RetryAfter = 1 };

    public static Problem TooSlow(string detail) =>
        new(408, "too-slow", "The body came too slowly", detail) { RetryAfter = 1 };

    public static Problem Refused(string kind, string title, string detail) => new(409, kind, title, detail);

    public static Problem ReadModelsAway(string detail) =>
        new(503, "read-models-away", "The read models are away", detail) { RetryAfter = 2 };

    public static Problem Unexpected() => new(
        500, "unexpected", "Something failed that should not",
        "The node met an error that it did not expect; its log has the details.");

    public static Problem Of(JournalUnavailableException failure) => failure.Trouble switch
    {
        JournalTrouble.SetBack => JournalSetBack(failure.Message),
        JournalTrouble.Damaged => JournalDamaged(failure.Message),
        _ => JournalAway(failure.Message),
    };

    public static Problem JournalDamaged(string detail) =>
        new(503, "journal-damaged", "The journal is damaged", detail) { RetryAfter = 60 };

    public static Problem JournalAway(string? detail) =>
        new(503, "journal-away", "The journal is away", detail ?? "The journal is away.") { RetryAfter = 2 };

    public static Problem Unavailable(string? detail) =>
        new(503, "unavailable", "A part of the cluster is away", detail ?? "A part of the cluster is away.")
        {
            RetryAfter = SecondsOfUnavailable,
        };

    /// <summary>Of an item of which nothing is known, why; null of one that has its receipt.</summary>
    public static Problem? Of(Receipt receipt) => receipt.Status switch
    {
        ReceiptStatus.Unknown => JournalAway(receipt.Error),
        ReceiptStatus.Unavailable => Unavailable(receipt.Error),
        _ => null,
    };

    public static Problem JournalSetBack(string detail) =>
        new(503, "set-back", "The journal was set back", detail) { RetryAfter = 60 };

    public static Problem Stopping() => new(
        503, "stopping", "The node is stopping", "The node is stopping and takes nothing any more.") { RetryAfter = 5 };

    /// <summary>A sentence about what is wrong quotes it.</summary>
    public string DetailFor(HttpContext context) =>
        context.RequestServices.GetService<Redactor>()?.Text(Detail) ?? Detail;

    /// <summary>The one place where a problem is written.</summary>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        if (RetryAfter is { } seconds)
        {
            httpContext.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        var detail = DetailFor(httpContext);
        var document = new ProblemDocument("urn:audit-actors:problem:" + Kind, Title, Status, detail)
        {
            Offset = Place?.Offset,
            Length = Place?.Length,
            Choices = Choices is null ? null : [.. Choices.Select(one => new ChoiceAnswer(one.Source, one.Href))],
        };
        return Reply.Json(document, Status, "application/problem+json").ExecuteAsync(httpContext);
    }
}

/// <summary>Thrown by who reads a request that cannot be answered as it was asked.</summary>
internal sealed class RefusedException(Problem problem, Exception? inner = null) : Exception(problem.Detail, inner)
{
    public Problem Problem { get; } = problem;
}
