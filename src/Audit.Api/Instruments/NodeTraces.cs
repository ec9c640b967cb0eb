using System.Diagnostics;

namespace Audit.Api.Instruments;

/// <summary>The node's own spans: what happens to records between a request and its receipts.</summary>
internal static class NodeTraces
{
    public const string Name = "Audit.Node";

    private static readonly ActivitySource Source = new(Name);

    public static Activity? StartSubmit(int items)
    {
        var activity = Source.StartActivity("audit.submit");
        activity?.SetTag("audit.items", items);
        return activity;
    }
}

/// <summary>Counts requests, and names each in its trace, where one is recorded.</summary>
internal sealed class RequestCount(RequestDelegate next, NodeMetrics metrics)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            await next(context);
        }
        finally
        {
            metrics.CountRequest(context.Response.StatusCode, Stopwatch.GetElapsedTime(started));
            if (Activity.Current is { IsAllDataRequested: true } activity)
            {
                Describe(activity, context);
            }
        }
    }

    private static void Describe(Activity activity, HttpContext context)
    {
        var route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
        activity.DisplayName = $"{context.Request.Method} {route ?? "unknown"}";
        activity.SetTag("http.request.method", context.Request.Method);
        activity.SetTag("http.route", route);
        activity.SetTag("http.response.status_code", context.Response.StatusCode);
    }
}
