using System.Net.Http.Json;
using System.Text.Json;
using Audit.Node.CommandLine.Reading;
using Audit.Node.CommandLine.Remote;

namespace Audit.Node.CommandLine.Log;

/// <summary>Asks a running node for a new log.</summary>
internal static class NodeLogRestart
{
    /// <returns>The new log's verifier key.</returns>
    public static async Task<string> RunAsync(NodeClient client, string reason, string? origin, CancellationToken cancellation)
    {
        using (client)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "v1/log/restart")
            {
                Content = JsonContent.Create(new { reason, origin }),
            };
            using var answer = await client.RequireAsync(request, cancellation);
            try
            {
                var log = await answer.Content.ReadFromJsonAsync<JsonElement>(cancellation);
                return log.GetProperty("key").GetString()!;
            }
            catch (Exception failure) when (failure is JsonException or HttpRequestException or IOException)
            {
                throw CommandException.Failed($"The answer of {client.Server} cannot be read: {failure.Message}");
            }
        }
    }
}
