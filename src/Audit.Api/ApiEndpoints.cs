using Audit.Api.Acting;
using Audit.Api.Alerts;
using Audit.Api.Cases;
using Audit.Api.Diary;
using Audit.Api.Instruments;
using Audit.Api.Intake;
using Audit.Api.Log;
using Audit.Api.Operations;
using Audit.Api.Quotas;
using Audit.Api.Reading;

namespace Audit.Api;

/// <summary>All that is served to programs, and what it is made of beside the parts of the node.</summary>
internal static class ApiEndpoints
{
    public static IServiceCollection AddApi(this IServiceCollection services) => services
        .AddOpenApi("v1", ApiDescription.Configure)
        .ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, WireJson.Plain);
        })
        .AddSingleton<BearerTokens>()
        .AddSingleton<PeopleStream>()
        .AddSingleton<PeopleNow>()
        .AddSingleton<SourceBook>()
        .AddSingleton<TokenBook>()
        .AddSingleton<MachineFigures>()
        .AddSingleton<Readiness>()
        .AddSingleton<NodeLook>()
        .AddSingleton<QuotaBook>()
        .AddSingleton<AlertBook>()
        .AddSingleton<AlertFeed>()
        .AddSingleton<AlertDesk>()
        .AddSingleton<NodeInstruments>()
        .AddSingleton<FormatReaders>()
        .AddSingleton<TraceSessions>()
        .AddSingleton<ReceiptSigner>()
        .AddSingleton<RecordIntake>()
        .AddSingleton<PolicyBook>()
        .AddSingleton<OrderBook>()
        .AddSingleton<OrderDesk>()
        .AddSingleton<OpenQuestions>()
        .AddSingleton<KeepingBook>()
        .AddSingleton<ErasureGuard>()
        .AddSingleton<Erasures>()
        .AddSingleton<RetentionBook>()
        .AddSingleton<Forgetting>()
        .AddSingleton<Deciding>()
        .AddSingleton<WindowActs>()
        .AddSingleton<Reviewing>()
        .AddSingleton<Differences>()
        .AddSingleton<CaseBook>()
        .AddSingleton<CaseLooks>()
        .AddSingleton<CaseActs>()
        .AddSingleton<CaseExport>()
        .AddSingleton<ViewBook>()
        .AddSingleton<Questions>()
        .AddSingleton<Readers>()
        .AddSingleton<SearchQuota>()
        .AddSingleton<IEndpointGroup, RecordEndpoint>()
        .AddSingleton<IEndpointGroup, FormatEndpoint>()
        .AddSingleton<IEndpointGroup, OtlpEndpoints>()
        .AddSingleton<IEndpointGroup, WindowEndpoints>()
        .AddSingleton<IEndpointGroup, DecisionEndpoints>()
        .AddSingleton<IEndpointGroup, DecideEndpoint>()
        .AddSingleton<IEndpointGroup, OrderEndpoints>()
        .AddSingleton<IEndpointGroup, PolicyEndpoints>()
        .AddSingleton<IEndpointGroup>(services => services.GetRequiredService<Reviewing>())
        .AddSingleton<IEndpointGroup, DifferenceEndpoints>()
        .AddSingleton<IEndpointGroup, EventEndpoints>()
        .AddSingleton<IEndpointGroup, CallEndpoints>()
        .AddSingleton<IEndpointGroup, TaskEndpoints>()
        .AddSingleton<IEndpointGroup, WindowEndpoint>()
        .AddSingleton<IEndpointGroup, SearchEndpoints>()
        .AddSingleton<IEndpointGroup, SearchExport>()
        .AddSingleton<IEndpointGroup, ProjectionEndpoints>()
        .AddSingleton<IEndpointGroup, ExportEndpoint>()
        .AddSingleton<IEndpointGroup, LogEndpoints>()
        .AddSingleton<IEndpointGroup, BundleEndpoint>()
        .AddSingleton<IEndpointGroup, TokenEndpoints>()
        .AddSingleton<IEndpointGroup, KeepingEndpoints>()
        .AddSingleton<IEndpointGroup, AlertEndpoints>()
        .AddSingleton<IEndpointGroup, CaseEndpoints>()
        .AddSingleton<IEndpointGroup, ViewEndpoints>()
        .AddSingleton<IEndpointGroup, RetentionEndpoints>()
        .AddSingleton<IEndpointGroup, HealthEndpoints>()
        .AddSingleton<IEndpointGroup, OperationEndpoints>();

    public static void UseApiAccess(this IApplicationBuilder web) =>
        web.UseMiddleware<AccessMiddleware>().UseMiddleware<QuotaMiddleware>().UseMiddleware<ReadDiaryMiddleware>();

    public static void MapApi(this IEndpointRouteBuilder routes)
    {
        foreach (var group in routes.ServiceProvider.GetServices<IEndpointGroup>())
        {
            group.Map(routes);
        }

        routes.MapOpenApi().WithMetadata(new AccessRule(Roles.Any)).Scoped(Scope.Public);
    }
}
