using Microsoft.AspNetCore.Http.Metadata;

namespace Audit.Api.Access;

/// <summary>A few endpoints that belong together.</summary>
internal interface IEndpointGroup
{
    void Map(IEndpointRouteBuilder routes);
}

/// <summary>What an endpoint does: it answers, and does not write.</summary>
internal delegate Task<IResult> Answering(HttpContext context);

/// <summary>A parameter in the query, for the API's description.</summary>
internal sealed record QueryParameter(string Name, string Description, bool Required = false)
{
    public static readonly QueryParameter Limit = new("limit", "At most so many, up to 1000.");
    public static readonly QueryParameter Cursor = new("cursor", "The next of the page before.");
    public static readonly QueryParameter Counts = new("counts", "true to have all of them counted, as total.");
    public static readonly QueryParameter At = new("at", "A position or a time: as it was known then.");
}

/// <summary>Where an endpoint is: by a path with its ids, and by a query for ids that a path cannot carry.</summary>
internal sealed record ById(string Path, string ByQuery, params QueryParameter[] Ids)
{
    private static readonly QueryParameter Session = new("session", "The session.", Required: true);
    private static readonly QueryParameter Source = new(
        "source", "Whose session it is; needed where several sources report one of this id, and to write, but by a token "
            + "that is bound to one source.");

    /// <summary>Parameters that both have.</summary>
    public QueryParameter[] Both { get; init; } = [];

    public static ById OfSession(string path = "", string byQuery = "") =>
        new("/v1/sessions/{session}" + path, "/v1/session" + byQuery, Session) { Both = [Source] };

    public static ById OfWindow(string path = "", string byQuery = "") => new(
        "/v1/windows/{window}" + path, "/v1/window" + byQuery,
        new QueryParameter("window", "The window, by its id or by what its source calls it.", Required: true))
    {
        Both = [new("source", "Whose window it is; needed where several sources called one so.")],
    };

    public static ById OfCall(string path = "", string byQuery = "") => new(
        "/v1/sessions/{session}/calls/{call}" + path, "/v1/call" + byQuery,
        Session, new("call", "The tool call.", Required: true)) { Both = [Source] };
}

/// <summary>Maps endpoints, each with the roles it asks for and what the API's description says of it.</summary>
internal static class EndpointMapping
{
    public static RouteHandlerBuilder Get(
        this IEndpointRouteBuilder routes, string pattern, Answering answering, Roles anyOf,
        string summary, string description = "", params QueryParameter[] query) =>
        Describe(routes.MapGet(pattern, Running(answering)), answering, anyOf, summary, description, query);

    public static RouteHandlerBuilder Post(
        this IEndpointRouteBuilder routes, string pattern, Answering answering, Roles anyOf,
        string summary, string description = "", params QueryParameter[] query) =>
        Describe(routes.MapPost(pattern, Running(answering)), answering, anyOf, summary, description, query);

    public static RouteHandlerBuilder Delete(
        this IEndpointRouteBuilder routes, string pattern, Answering answering, Roles anyOf,
        string summary, string description = "", params QueryParameter[] query) =>
        Describe(routes.MapDelete(pattern, Running(answering)), answering, anyOf, summary, description, query);

    public static RouteHandlerBuilder Get(
        this IEndpointRouteBuilder routes, ById place, Answering answering, Roles anyOf,
        string summary, string description = "", params QueryParameter[] query) => new(
        [
            routes.Get(place.Path, answering, anyOf, summary, description, [.. place.Both, .. query]),
            routes.Get(place.ByQuery, answering, anyOf, summary, ByQuery(description), [.. place.Ids, .. place.Both, .. query]),
        ]);

    public static RouteHandlerBuilder Post(
        this IEndpointRouteBuilder routes, ById place, Answering answering, Roles anyOf,
        string summary, string description = "") => new(
        [
            routes.Post(place.Path, answering, anyOf, summary, description, place.Both),
            routes.Post(
                place.ByQuery, answering, anyOf, summary, ByQuery(description), [.. place.Ids, .. place.Both]),
        ]);

    private static string ByQuery(string description) => $"{description} For ids that a path cannot carry.".TrimStart();

    private static RequestDelegate Running(Answering answering) =>
        async context =>
        {
            var answer = await answering(context);
            await context.BeforeAnswerAsync((answer as IStatusCodeHttpResult)?.StatusCode ?? StatusCodes.Status200OK);
            await answer.ExecuteAsync(context);
        };

    private static RouteHandlerBuilder Describe(
        IEndpointConventionBuilder endpoint, Answering answering, Roles anyOf, string summary, string description,
        QueryParameter[] query)
    {
        // The method is what makes the framework's description list an endpoint that has no parameters to bind.
        var rule = anyOf == Roles.None ? AccessRule.Public : new AccessRule(anyOf);
        endpoint.WithMetadata(answering.Method, rule, new EndpointSummaryAttribute(summary));
        if (description.Length > 0)
        {
            endpoint.WithMetadata(new EndpointDescriptionAttribute(description));
        }

        endpoint.WithMetadata([.. query]);
        return new RouteHandlerBuilder([endpoint]);
    }
}

/// <summary>
/// What must be done before the first byte of an answer is sent; where it fails, nothing is answered.
/// </summary>
internal sealed class BeforeAnswer(Func<int, Task> work)
{
    private Task? done;

    public bool HasRun => done is not null;

    public Task RunAsync(int status) => done ??= work(status);
}

internal static class BeforeAnswerOfRequest
{
    /// <summary>Called by whoever knows the answer, and is about to send it.</summary>
    public static Task BeforeAnswerAsync(this HttpContext context, int status) =>
        context.Features.Get<BeforeAnswer>()?.RunAsync(status) ?? Task.CompletedTask;
}
