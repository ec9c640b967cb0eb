namespace Audit.Api.Access;

/// <summary>Who makes a request.</summary>
/// <param name="Name">The token's name.</param>
internal sealed record Bearer(string Name, Roles Roles)
{
    /// <summary>A token that names no person, for a service.</summary>
    public const string NoPerson = "none";

    /// <summary>The name and the person of a store's first token, which makes the others.</summary>
    public const string FirstAdministrator = "admin";

    /// <summary>
    /// Who acts by the token, or whose agent reports by it; several tokens may name one. None for a service.
    /// </summary>
    public string Person { get; init; } = Name;

    /// <summary>The person as an event names it beside the token; null where the token's name says it.</summary>
    public string? PersonBesideName => Person == Name || Person == NoPerson ? null : Person;

    /// <summary>Whose share of the node it takes beside its own: several tokens of one person have one share.</summary>
    public string? Sharer => Person == NoPerson ? null : Person;

    /// <summary>The person who made the token.</summary>
    public string CreatedBy { get; init; } = "";

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>As what it reports; null where it may report nothing.</summary>
    public TokenSource? Source { get; init; }

    /// <summary>What it may speak of and see; lists that are empty bind it to nothing.</summary>
    public TokenBounds Bound { get; init; } = TokenBounds.None;

    public IReadOnlyList<string> Agents => Bound.Agents;

    public IReadOnlyList<string> Tasks => Bound.Tasks;

    /// <summary>The sources it may see, by their names.</summary>
    public IReadOnlyList<string> Sources => Bound.Sources;

    /// <summary>The one source that its requests are about; null where they may be about several.</summary>
    public string? OnlySource => (Roles & Roles.Ingest) != 0 ? Source?.Name : Sources is [var only] ? only : null;

    public bool IsAdmin => (Roles & Roles.Admin) != 0;

    /// <summary>Whether the token may have the whole book, with operators' acts and the diary of reads.</summary>
    public bool SeesAdministration => HasAny(Roles.Export) && !IsBound;

    /// <summary>Whether the token is bound to something, and may see no more than that.</summary>
    public bool IsBound => !Bound.IsNone;

    /// <summary>Whether it has one of the roles. Who administers may do all but approve.</summary>
    public bool HasAny(Roles wanted) =>
        (Roles & wanted) != 0 || (IsAdmin && (wanted & ~Roles.Approve) != 0);

    /// <returns>Null when the token may speak of this agent and task, else the sentence that says why not.</returns>
    public string? RefuseBound(string? agent, string? task) =>
        Refuse("task", Tasks, task) ?? Refuse("agent", Agents, agent);

    /// <returns>Null when the token may see what this source reported, else the sentence that says why not.</returns>
    public string? RefuseSource(string? source) => Refuse("source", Sources, source);

    /// <summary>Who only reports sees no session but its source's own.</summary>
    /// <inheritdoc cref="RefuseSource"/>
    public string? RefuseSession(SessionName session) => Roles == Roles.Ingest
        ? Refuse("source", [Source?.Name ?? ""], session.Source)
        : RefuseSource(session.Source);

    /// <summary>The bearer of a token that was found good.</summary>
    public static Bearer Of(TokenRow row) => new(row.Name, RoleNames.Of(row.Roles))
    {
        Person = row.Person,
        CreatedBy = row.CreatedBy,
        CreatedAt = row.CreatedAt,
        Source = row.Source,
        Bound = row.Bound,
    };

    private static string? Refuse(string what, IReadOnlyList<string> bound, string? named) =>
        bound.Count == 0 || (named is not null && bound.Contains(named))
            ? null
            : $"The token is bound to the {what} {string.Join(" or ", bound.Select(one => $"\"{one}\""))}; "
                + "others are refused.";
}

/// <summary>That somebody was let in, and whether that still holds while a long request goes on.</summary>
internal sealed record Admission(Bearer Bearer, Func<CancellationToken, ValueTask<bool>> HoldsAsync)
{
    public const string Ended = "The token was revoked or has expired, or its session was ended.";
}

internal static class BearerOfRequest
{
    /// <summary>Who makes the request; only an endpoint that is open to all has none.</summary>
    public static Bearer Bearer(this HttpContext context) => context.Admission().Bearer;

    /// <summary>Asked again before something is taken that came slowly.</summary>
    /// <exception cref="RefusedException">The token was revoked meanwhile, or has ended.</exception>
    public static async Task RequireHeldAsync(this HttpContext context)
    {
        if (!await context.Admission().HoldsAsync(context.RequestAborted))
        {
            throw new RefusedException(Problem.Unauthorized(Access.Admission.Ended));
        }
    }

    public static Admission Admission(this HttpContext context) => context.Features.Get<Admission>()
        ?? throw new InvalidOperationException("The endpoint is open to all, so nobody is known to ask.");
}

/// <summary>Reads the body of a request that is about one act.</summary>
internal static class SmallBody
{
    /// <param name="most">Bytes; more only where an act is about many things.</param>
    /// <exception cref="RefusedException">It is of another kind, or too large.</exception>
    /// <exception cref="UnreadableException">The body is not one strict JSON object.</exception>
    public static async Task<StrictObject> ReadObjectAsync(
        this HttpContext context, int most = StrictObject.MaxBytes)
    {
        var request = context.Request;
        if (request.ContentType is { Length: > 0 } type && !request.HasJsonContentType())
        {
            throw new RefusedException(Problem.UnsupportedMedia(
                $"The Content-Type \"{type}\" is not accepted here; accepted is application/json."));
        }

        if (request.Headers.ContentEncoding.Count > 0)
        {
            throw new RefusedException(
                Problem.UnsupportedMedia("A Content-Encoding is not accepted here; send the body plain."));
        }

        var bytes = await ReadAsync(context, most);
        await context.RequireHeldAsync();
        return bytes.Length <= most
            ? StrictObject.Parse(bytes)
            : throw new RefusedException(Problem.TooLarge($"The body is larger than the {most} bytes accepted here."));
    }

    /// <returns>All of it, or one byte more than the most.</returns>
    private static async Task<byte[]> ReadAsync(HttpContext context, int most)
    {
        var stopping = context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        try
        {
            var (buffer, length) = (new byte[Math.Min(most, StrictObject.MaxBytes) + 1], 0);
            while (true)
            {
                length += await context.Request.Body.ReadAtLeastAsync(
                    buffer.AsMemory(length), buffer.Length - length, throwOnEndOfStream: false, ending.Token);
                if (length < buffer.Length || length > most)
                {
                    return buffer[..length];
                }

                // No more room than twice what came, whatever is announced.
                Array.Resize(ref buffer, (int)Math.Min(2L * length, most + 1L));
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            throw new RefusedException(Problem.Stopping());
        }
    }
}
