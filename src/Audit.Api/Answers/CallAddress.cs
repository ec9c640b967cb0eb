
namespace Audit.Api.Answers;

/// <summary>The call that a request is about, by its path or by its query.</summary>
internal sealed record CallAddress(string Session, string Call, Problem? Problem)
{
    public StreamKey Stream => new(StreamNames.Call(Session, Call));

    public static CallAddress OfPath(HttpContext context)
    {
        var session = PathIds.Of(context, "session");
        var call = PathIds.Of(context, "call");
        return new CallAddress(
            session, call,
            Refuse("session", session, Ids.MaxBytes, isSession: true)
                ?? Refuse("call", call, Ids.MaxCallBytes, isSession: false));
    }

    public static CallAddress OfQuery(HttpContext context)
    {
        var query = new QueryReader(context.Request.Query);
        var session = query.RequiredId("session", isSession: true);
        var call = query.RequiredId("call", Ids.MaxCallBytes);
        return new CallAddress(session, call, query.Problem);
    }

    public Problem NotFound() => Problem.NotFound(
        $"There is no call \"{Call}\" in a session \"{Session}\" that this token may see.");

    private static Problem? Refuse(string name, string id, int maxBytes, bool isSession) =>
        Ids.Refuse(id, maxBytes, isSession) is { } sentence ? Problem.BadParameter(name, sentence + ".") : null;
}
