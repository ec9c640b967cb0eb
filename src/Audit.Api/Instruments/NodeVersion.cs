namespace Audit.Api.Instruments;

internal static class NodeVersion
{
    public static string Text { get; } = typeof(NodeVersion).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";
}
