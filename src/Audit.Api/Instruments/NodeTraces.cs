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
