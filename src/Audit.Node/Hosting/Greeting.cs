namespace Audit.Node.Hosting;

/// <summary>What a person who starts a node reads first.</summary>
internal static class Greeting
{
    private const string Record = """
        {"tool_call_id":"call-1","tool_name":"echo","display_name":"Echo","tier":"Observe","turn":1,"provenance":null,
          "requested_input":{"text":"hello"},"effective_input":{"text":"hello"},
          "outcome":{"kind":"completed","result":{"success":true,"output":"hello","data":null,"duration_ms":1}},
          "recorded_at":"{time}"}
        """;

    public static IEnumerable<string> Lines(RunningNode node)
    {
        yield return $"Audit.Actors {NodeVersion.Text} listens on {string.Join(", ", node.Urls)}";
        yield return $"  store  {node.StoreKind}: {node.StorePlace}";
        yield return $"  data   {node.DataPath}";
        yield return TokenLine(node);
        if (!RowKeys.IsBackedUp(node.RowKeyFile))
        {
            yield return $"  row key  {node.RowKeyFile} has no copy yet, and without it nobody can read the "
                + "content: audit key backup FILE";
        }

        yield return $"  redaction  {node.Redaction}";
        if (node.Cluster is { } protection)
        {
            yield return $"  cluster  {protection}";
        }

        yield return "";
        yield return "To begin, make a token each for a host, a reader and an approver, and send the first record:";
        yield return $"  audit token first --data '{node.DataPath}'";
        yield return $"""  curl {node.Urls[0]}/v1/records -H "Authorization: Bearer $(cat '{Path.Combine(node.DataPath, "host.token")}')" \""";
        yield return """    -H 'Content-Type: application/json' -H 'Audit-Session: first' \""";
        yield return $"    -d '{Record.Replace("{time}", DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", null))}'";
        yield return "";
    }

    private static string TokenLine(RunningNode node) =>
        node.MadeFirstToken ? $"  token  {node.TokenFile} (new, for the name admin; keep it)"
        : File.Exists(node.TokenFile) ? $"  token  {node.TokenFile}"
        : $"  token  the store has its tokens already, and none of them is in {node.TokenFile}";
}
