using Audit.Api.Access;
using Audit.Api.Acting;
using Audit.Api.Hosting;
using Audit.Api.Intake;
using Audit.Api.Log;
using Audit.Api.Operations;
using Audit.Api.Reading;
using Microsoft.Extensions.DependencyInjection;

namespace Audit.Api;

/// <summary>All that is served to programs.</summary>
internal static class ApiEndpoints
{
    public static void AddDescription(IServiceCollection services) => services.AddOpenApi("v1", ApiDescription.Configure);

    public static void Map(IEndpointRouteBuilder routes, NodeParts node)
    {
        new RecordEndpoint(node).Map(routes);
        new FormatEndpoint(node).Map(routes);
        new TracesEndpoint(node).Map(routes);
        new WindowEndpoints(node).Map(routes);
        new DecisionEndpoints(node).Map(routes);
        new CallEventsEndpoint(node).Map(routes);
        new EventEndpoints(node).Map(routes);
        new SessionEndpoints(node).Map(routes);
        new CallEndpoints(node).Map(routes);
        new TaskEndpoints(node).Map(routes);
        new WindowListEndpoint(node).Map(routes);
        new ViolationEndpoint(node).Map(routes);
        new SearchEndpoints(node).Map(routes);
        new ProjectionEndpoints(node).Map(routes);
        new ExportEndpoint(node).Map(routes);
        new LogFileEndpoints(node).Map(routes);
        new LogEndpoints(node).Map(routes);
        new ProofEndpoint(node).Map(routes);
        new RestartEndpoint(node).Map(routes);
        new TokenEndpoints(node).Map(routes);
        new HealthEndpoints(node).Map(routes);
        new StatsEndpoint(node).Map(routes);
        new MetricsEndpoint(node).Map(routes);
        routes.MapOpenApi().WithMetadata(new AccessRule(Roles.Any));
    }
}
