using System.Text.RegularExpressions;
using Audit.Api.Cases;

namespace Audit.Pages.Shared;

/// <summary>The addresses of pages. Ids stand in the query, where every id can stand.</summary>
public static class Links
{
    public static string Session(SessionName session, long? at = null) =>
        With($"/session?source={Escape(session.Source)}&id={Escape(session.Id)}", ("at", at));

    public static string Call(SessionName session, string call, long? at = null) => With(
        $"/call?source={Escape(session.Source)}&session={Escape(session.Id)}&call={Escape(call)}", ("at", at));

    public static string Call(CallModel call, long? at = null) => Call(call.SessionName, call.CallId, at);

    /// <summary>The short address of the question by which a call waits.</summary>
    /// <param name="isOfCall">Of this call alone, and not of others that ask the same.</param>
    public static string Decide(CallModel call, bool isOfCall = false) => With(
        $"/decide/{Escape(call.Question ?? "")}", ("source", isOfCall ? call.Source : null),
        ("session", isOfCall ? call.SessionId : null), ("call", isOfCall ? call.CallId : null));

    /// <summary>What changed in a session since a position; in all of it where none is given.</summary>
    public static string Difference(SessionName session, long? from = null) => With(
        $"/diff?source={Escape(session.Source)}&session={Escape(session.Id)}", ("from", from));

    public static string Difference(string task) => $"/diff?task={Escape(task)}";

    public static string Task(string task) => $"/task?id={Escape(task)}";

    public static string Window(string window) => $"/window?id={Escape(window)}";

    public static string Case(string id) => $"/case?id={Escape(id)}";

    /// <summary>Where something is pinned to a case: a call, a window, or a search.</summary>
    public static string Pin(CallModel call) => With(
        "/cases", ("source", call.Source), ("session", call.SessionId), ("call", call.CallId));

    /// <inheritdoc cref="Pin(CallModel)"/>
    public static string Pin(string? window, string? query) => With("/cases", ("window", window), ("q", query));

    public static string Thing(string name) => $"/thing?name={Escape(name)}";

    public static string Search(string query) => $"/search?q={Escape(query)}";

    /// <summary>A search that is kept, in its order and with its columns.</summary>
    public static string View(SavedView view) => With(
        Search(view.Query), ("sort", view.Sort),
        ("columns", view.Columns.Count == 0 ? null : string.Join(',', view.Columns)));

    /// <summary>All that a search finds, as a file.</summary>
    public static string Export(string query, string format) =>
        With("/v1/search/export", ("q", query), ("format", format));

    /// <summary>What happened from one time on and before another.</summary>
    public static string Between(Timestamp from, Timestamp until) =>
        Search($"after:{Display.Exact(from)} before:{Display.Exact(until)}");

    /// <summary>The page of the call that matches, or of its session.</summary>
    public static string Hit(SearchHit hit) =>
        hit.CallId is { } call ? Call(hit.Session, call) : Session(hit.Session);

    /// <summary>The page of the call or window that took no such message.</summary>
    public static string Violation(ViolationModel violation) => violation.WindowId is { } window
        ? Window(window)
        : Call(new SessionName(violation.Source ?? "", violation.SessionId ?? ""), violation.CallId ?? "");

    /// <summary>The octets of a record as they were sent.</summary>
    public static string Raw(long position) => Event(position) + "/raw";

    public static string Event(long position) => string.Create(CultureInfo.InvariantCulture, $"/v1/events/{position}");

    public static string Proof(long position) => string.Create(CultureInfo.InvariantCulture, $"/v1/proofs/{position}");

    /// <summary>The address with parameters of its query set anew; those whose value is null are left out.</summary>
    public static string With(string address, params (string Name, object? Value)[] changes)
    {
        var parts = address.Split('?', 2);
        var kept = (parts.Length == 2 ? parts[1] : "").Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Where(pair => changes.All(change => change.Name != pair.Split('=', 2)[0]));
        var set = changes.Where(change => change.Value is not null)
            .Select(change => $"{change.Name}={Escape(Convert.ToString(change.Value, CultureInfo.InvariantCulture)!)}");
        var query = string.Join('&', kept.Concat(set));
        return query.Length == 0 ? parts[0] : $"{parts[0]}?{query}";
    }

    private static string Escape(string text) => Uri.EscapeDataString(text);
}

/// <summary>Queries made of queries.</summary>
internal static partial class QueryText
{
    private const DateTimeStyles Utc = DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal;

    /// <summary>Notes that a call was given to whoever asked.</summary>
    public static void Trace(ReadScope scope, CallModel call) => scope.Trace?.Add(
        scope.Show(call.Id) ?? call.Id, scope.Show(call.LastPosition) ?? call.LastPosition);

    public static string And(string query, string term) =>
        query.Length == 0 ? term : Alternative().IsMatch(query) ? $"({query}) {term}" : $"{query} {term}";

    /// <summary>The query for another time than its own.</summary>
    public static string During(string query, string? from, string? until)
    {
        string[] times = [.. new[] { ("after:", from), ("before:", until) }
            .Where(time => time.Item2 is not null).Select(time => time.Item1 + time.Item2)];
        return times.Length == 0 ? Timeless(query) : And(Timeless(query), string.Join(' ', times));
    }

    /// <summary>A time as a browser's field gives it, which has no zone: the form says that it is UTC.</summary>
    public static string? Picked(QueryReader query, string name) => query.Text(name) is not { } text ? null
        : DateTime.TryParse(text, CultureInfo.InvariantCulture, Utc, out var time)
            ? time.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)
            : throw QueryReader.Refusal(name, $"a date and a time in UTC are expected, not \"{text}\".");

    [GeneratedRegex(@"\bOR\b")]
    private static partial Regex Alternative();

    /// <summary>What is no query stays as it is.</summary>
    private static string Timeless(string query)
    {
        try
        {
            return query.Length == 0 ? query : SearchQuery.Parse(query, DateTimeOffset.UnixEpoch).WithoutTimes();
        }
        catch (SearchQueryException)
        {
            return query;
        }
    }
}
