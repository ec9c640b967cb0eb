using Audit.Api.Hosting;

namespace Audit.Api.Diary;

/// <summary>The acts of the node itself.</summary>
internal static class NodeActs
{
    private static readonly string Actor = $"node@{Environment.MachineName}";

    public static Task WriteStartedAsync(NodeParts node, IReadOnlyList<string> urls) =>
        node.Acts.WriteAsync("node.started", Actor, json =>
        {
            json.WriteString("version", NodeVersion.Text);
            json.WriteStartArray("urls");
            foreach (var url in urls)
            {
                json.WriteStringValue(url);
            }

            json.WriteEndArray();
            json.WriteString("store", node.Store.Kind);
            json.WriteString("machine", Environment.MachineName);
            json.WriteNumber("pid", Environment.ProcessId);
        });

    public static Task WriteStoppedAsync(NodeParts node) =>
        node.Acts.WriteAsync("node.stopped", Actor, json =>
        {
            json.WriteString("version", NodeVersion.Text);
            json.WriteString("machine", Environment.MachineName);
            json.WriteNumber("pid", Environment.ProcessId);
        });
}
