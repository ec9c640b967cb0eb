using System.Xml;
using Audit.Api.Reading;

namespace Audit.Api.Acting;

/// <summary>Reads what a body says of a window.</summary>
internal static class WindowBody
{
    private const int MaxGlobBytes = 256;
    private const int MaxReasonLength = 4096;

    /// <exception cref="UnreadableException">A member is missing or wrong; the message names it.</exception>
    public static WindowMessage Read(
        StrictObject body, WindowVerb verb, Bearer actor, Timestamp now, RecordHasher hasher)
    {
        var asksForTerms = verb is WindowVerb.Request or WindowVerb.Grant;
        var needsReason = verb is WindowVerb.Deny or WindowVerb.Revoke or WindowVerb.Accept;
        var delivery = new WindowDelivery
        {
            Actor = actor.Name,
            Source = SourceOf(actor),
            Person = actor.PersonBesideName,
            MayEndAny = (actor.Roles & (Roles.Approve | Roles.Admin)) != 0,
            OnBehalfOf = body.Id("by"),
            ReceivedAt = now,
            Dedup = hasher.OfBytes(Identity(body, verb, actor)),
            MessageId = body.Id("message_id", Ids.MaxMessageIdBytes),
        };
        var terms = asksForTerms ? ReadTerms(body, actor) : null;
        Timestamp? closesAt = verb == WindowVerb.Extend ? RequiredTime(body, "closes_at")
            : verb == WindowVerb.Approve ? body.Time("closes_at") : null;
        var span = verb == WindowVerb.Accept ? ReadSpan(body, actor) : null;
        var reason = asksForTerms ? null : Reason(body, needsReason);
        return WindowMessage.Of(verb, delivery with { Reason = reason }, terms, closesAt, span);
    }

    /// <exception cref="RefusedException">It names no source.</exception>
    private static WindowSpan ReadSpan(StrictObject body, Bearer actor)
    {
        var session = body.RequiredText("session");
        var source = body.Id("source") ?? actor.OnlySource ?? throw new RefusedException(
            Problem.BadRequest("source: missing; a session belongs to the source that reports it."));
        return Ids.Refuse(session, Ids.MaxBytes, isSession: true) is { } refusal
            ? throw new UnreadableException("session", refusal)
            : new WindowSpan(
                new SessionName(source, session), RequiredTime(body, "from"), RequiredTime(body, "until"),
                body.Number("through"));
    }

    /// <summary>The window that is asked for: the same one when the same requester asks for it again.</summary>
    public static string IdOf(WindowMessage.Asking message, RecordHasher hasher)
    {
        var isSource = message.Delivery.Source is not null;
        return message.Terms.Alias is { } alias ? WindowIds.Of(hasher, message.Requester, isSource, alias)
            : message.Delivery.MessageId is { } id ? WindowIds.OfMessage(hasher, message.Requester, isSource, id)
            : WindowIds.AtRandom(message.ReceivedAt.ToDateTimeOffset());
    }

    private static Timestamp RequiredTime(StrictObject body, string name) =>
        body.Time(name) ?? throw new UnreadableException(name, "missing");

    /// <summary>As what the token reports, where it may.</summary>
    private static string? SourceOf(Bearer actor) => actor.HasAny(Roles.Ingest) ? actor.Source?.Name : null;

    private static WindowTerms ReadTerms(StrictObject body, Bearer actor)
    {
        var closesAt = body.Time("closes_at");
        var duration = WindowDuration.Read(body);
        if (closesAt is null && duration is null)
        {
            throw new UnreadableException("closes_at", "missing; a window has closes_at or a duration");
        }

        if (closesAt is not null && duration is not null)
        {
            throw new UnreadableException("duration", "a window has closes_at or a duration, not both");
        }

        return new WindowTerms(
            body.RequiredId("task_id"), body.RequiredId("agent"), ReadScope(body), Reason(body, required: true)!)
        {
            Alias = ReadAlias(body),
            Sources = ReadSources(body, actor),
            OpensAt = body.Time("opens_at"),
            ClosesAt = closesAt,
            Duration = duration,
        };
    }

    private static string? ReadAlias(StrictObject body)
    {
        if (body.Member("window_id") is not null)
        {
            throw new UnreadableException(
                "window_id", "the node makes the ids of windows; what you call yours goes into alias");
        }

        var alias = body.Id("alias");
        return alias is null || !WindowIds.IsOne(alias)
            ? alias
            : throw new UnreadableException("alias", "it has the form of the node's own ids, which no name may have");
    }

    /// <exception cref="RefusedException">It names none, and the token reports as none.</exception>
    private static IReadOnlyList<string> ReadSources(StrictObject body, Bearer actor) =>
        ReadGlobs(body, "sources", "it lists the sources whose calls may be in the window, and * stands for any")
        ?? (SourceOf(actor) is { } own
            ? [own]
            : throw new RefusedException(Problem.BadRequest(
                "sources: missing; it lists the sources whose calls may be in the window, for this token reports as "
                    + "none.")));

    private static IReadOnlyList<string> ReadScope(StrictObject body) =>
        ReadGlobs(body, "scope", "it lists the tools, and * stands for any")
        ?? throw new UnreadableException("scope", "missing; it lists the tools, and * stands for any");

    /// <returns>Null where the member is missing.</returns>
    private static IReadOnlyList<string>? ReadGlobs(StrictObject body, string name, string what)
    {
        if (body.Texts(name, WindowLimits.ScopeGlobs) is not { } scope)
        {
            return null;
        }

        if (scope.Count == 0)
        {
            throw new UnreadableException(name, $"empty; {what}");
        }

        for (var index = 0; index < scope.Count; index++)
        {
            if (Ids.Refuse(scope[index], MaxGlobBytes) is { } refusal)
            {
                throw new UnreadableException($"{name}[{index}]", refusal);
            }
        }

        return scope;
    }

    private static string? Reason(StrictObject body, bool required)
    {
        var reason = required ? body.RequiredText("reason") : body.Text("reason");
        return reason is null || reason.Length <= MaxReasonLength
            ? reason
            : throw new UnreadableException(
                "reason", $"{reason.Length} characters; at most {MaxReasonLength} are accepted");
    }

    /// <summary>
    /// The same act of the same source or person in the same words is the same act, by whatever token and however it is
    /// printed.
    /// </summary>
    private static byte[] Identity(StrictObject body, WindowVerb verb, Bearer actor)
    {
        var who = SourceOf(actor) is { } source
            ? $"source\0{source}" : $"person\0{actor.PersonBesideName ?? actor.Name}";
        return [.. Encoding.UTF8.GetBytes($"{verb}\0{who}\0"), .. body.Compact()];
    }
}

/// <summary>Reads how long a window is to be: `2h`, `PT2H`, or a number of seconds.</summary>
internal static class WindowDuration
{
    private const string Accepted =
        "accepted are a number of seconds, a whole number with s, m, h or d such as \"2h\", and ISO 8601 such as "
            + "\"PT2H\"";

    private static readonly TimeSpan Longest = TimeSpan.FromDays(3650);

    public static TimeSpan? Read(StrictObject body)
    {
        if (body.Member("duration") is not { } value)
        {
            return null;
        }

        var duration = value.ValueKind switch
        {
            JsonValueKind.Number when value.TryGetDouble(out var seconds) && seconds <= Longest.TotalSeconds
                && seconds >= 0 =>
                TimeSpan.FromSeconds(seconds),
            JsonValueKind.String => Parse(value.GetString()!),
            _ => null,
        };
        return duration is { } time && time >= TimeSpan.FromSeconds(1) && time <= Longest
            ? time
            : throw StrictObject.Wrong("duration", Accepted, value);
    }

    private static TimeSpan? Parse(string text)
    {
        if (DurationText.TryParse(text, out var duration))
        {
            return duration;
        }

        try
        {
            return text.StartsWith('P') ? XmlConvert.ToTimeSpan(text) : null;
        }
        catch (Exception wrong) when (wrong is FormatException or OverflowException)
        {
            return null;
        }
    }
}
