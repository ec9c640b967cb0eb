namespace Audit.Api.Reading;

/// <summary>
/// The window that a request is about: by its id, or by what it is called. A name belongs to the source that asked for
/// the window: the one that the request names, else the one that the token reports as or is bound to, else the only one
/// that called a window so.
/// </summary>
internal static class WindowOfRequest
{
    /// <exception cref="RefusedException">There is none, or several are called so.</exception>
    public static Task<string> WindowAsync(this HttpContext context, string parameter = "window") =>
        context.WindowAsync(context.Id(parameter), context.Source(), parameter);

    /// <param name="name">An id, or what the window is called.</param>
    /// <param name="source">As the request names it; null where it does not.</param>
    public static async Task<string> WindowAsync(
        this HttpContext context, string name, string? source, string parameter)
    {
        if (WindowIds.IsOne(name))
        {
            return name;
        }

        if ((source ?? context.Bearer().OnlySource) is { } only)
        {
            return WindowIds.Of(context.RequestServices.GetRequiredService<RecordHasher>(), only, isSource: true, name);
        }

        await context.RequestServices.GetRequiredService<ReadSide>()
            .CatchUpAsync(Questions.Patience, context.RequestAborted);
        var found = await context.Reads().Models.WindowsCalledAsync(name, null, context.RequestAborted);
        return found switch
        {
            [var one] => one.WindowId,
            [] => throw new RefusedException(NoWindow(name)),
            _ => throw new RefusedException(Problem.Several(
                $"a window \"{name}\"",
                [.. found.Select(one => (one.RequestedBy ?? "", context.HrefOf(one.WindowId, parameter)))],
                " or by its id")),
        };
    }

    public static Problem NoWindow(string name) =>
        Problem.NotFound($"There is no window \"{name}\" that this token may see.");

    /// <summary>The same request, with the window named by its id.</summary>
    private static string HrefOf(this HttpContext context, string id, string parameter)
    {
        var request = context.Request;
        if (!request.RouteValues.ContainsKey(parameter))
        {
            var others = request.Query.Where(one => one.Key != parameter);
            return request.PathBase + request.Path + QueryString.Create(others).Add(parameter, id);
        }

        // What a path cannot carry is encoded in it, so that the name is one segment.
        var segments = request.Path.ToUriComponent().Split('/');
        segments[3] = id;
        return request.PathBase + string.Join('/', segments) + request.QueryString;
    }
}

/// <summary>
/// The ids of windows. The node makes them, so that nobody takes one before another does: of who asks and of the name
/// that he gives, so that the same request again is the same window, or at random where he gives none.
/// </summary>
internal static class WindowIds
{
    private const string Prefix = "w-";
    private const int Digits = 2 * Fingerprint.Length;

    /// <param name="requester">The source that asks, or the person where none does.</param>
    /// <param name="name">What the requester calls the window.</param>
    public static string Of(RecordHasher hasher, string requester, bool isSource, string name) =>
        Of(hasher, "window", requester, isSource, name);

    /// <summary>For a request without a name that may be sent again.</summary>
    public static string OfMessage(RecordHasher hasher, string requester, bool isSource, string messageId) =>
        Of(hasher, "window of message", requester, isSource, messageId);

    public static string AtRandom(DateTimeOffset now) => Prefix + Guid.CreateVersion7(now).ToString("N");

    public static bool IsOne(string text) =>
        text.Length == Prefix.Length + Digits && text.StartsWith(Prefix, StringComparison.Ordinal)
        && !text.AsSpan(Prefix.Length).ContainsAnyExcept("0123456789abcdef");

    private static string Of(RecordHasher hasher, string what, string requester, bool isSource, string name)
    {
        // No name holds a control character, so that no two of these are one.
        var hash = new byte[Fingerprint.Length];
        hasher.OfBytes(Encoding.UTF8.GetBytes($"{what}\0{(isSource ? "source" : "person")}\0{requester}\0{name}"))
            .CopyTo(hash);
        return Prefix + Convert.ToHexStringLower(hash);
    }
}
