using System.Text.Json;

namespace Audit.Api.Operations;

/// <summary>Writes the cluster as this node sees it.</summary>
internal static class ClusterJson
{
    public static void Write(Utf8JsonWriter json, ClusterState cluster)
    {
        json.WriteStartObject("cluster");
        json.WriteString("self", cluster.Self);
        json.WriteString("status", cluster.Status);
        json.WriteString("leader", cluster.Leader);
        json.WriteStartArray("members");
        foreach (var member in cluster.Members)
        {
            json.WriteStartObject();
            json.WriteString("address", member.Address);
            json.WriteString("status", member.Status);
            json.WriteBoolean("reachable", !cluster.Unreachable.Contains(member.Address));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
