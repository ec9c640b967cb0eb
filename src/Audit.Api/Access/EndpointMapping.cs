using Microsoft.AspNetCore.Http.Metadata;

namespace Audit.Api.Access;

/// <summary>Maps endpoints, each with the roles it asks for and what the API's description says of it.</summary>
internal static class EndpointMapping
{
    public static void Get(
        this IEndpointRouteBuilder routes, string pattern, RequestDelegate handler, Roles anyOf,
        string summary, string description = "", params QueryParameter[] query) =>
        Describe(routes.MapGet(pattern, handler), handler, anyOf, summary, description, query);

    public static void Post(
        this IEndpointRouteBuilder routes, string pattern, RequestDelegate handler, Roles anyOf,
        string summary, string description = "", params QueryParameter[] query) =>
        Describe(routes.MapPost(pattern, handler), handler, anyOf, summary, description, query);

    public static void Delete(
        this IEndpointRouteBuilder routes, string pattern, RequestDelegate handler, Roles anyOf,
        string summary, string description = "", params QueryParameter[] query) =>
        Describe(routes.MapDelete(pattern, handler), handler, anyOf, summary, description, query);

    private static void Describe(
        IEndpointConventionBuilder endpoint, RequestDelegate handler, Roles anyOf, string summary, string description,
        QueryParameter[] query)
    {
        // The method is what makes the framework's description list an endpoint that has no parameters to bind.
        var rule = anyOf == Roles.None ? AccessRule.Public : new AccessRule(anyOf);
        endpoint.WithMetadata(handler.Method, rule, new EndpointSummaryAttribute(summary));
        if (description.Length > 0)
        {
            endpoint.WithMetadata(new EndpointDescriptionAttribute(description));
        }

        endpoint.WithMetadata([.. query]);
    }
}
