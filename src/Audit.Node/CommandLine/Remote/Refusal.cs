using System.Text.Json;
using Audit.Node.CommandLine.Reading;

namespace Audit.Node.CommandLine.Remote;

/// <summary>What a node says when it refuses a request, as a sentence.</summary>
internal static class Refusal
{
    private const int MostCharacters = 64 << 10;

    public static async Task<CommandException> ReadAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var status = (int)response.StatusCode;
        var said = await DetailAsync(response, cancellation);
        response.Dispose();
        return CommandException.Failed(said is null ? $"The node answered {status}." : $"The node answered {status}: {said}");
    }

    private static async Task<string?> DetailAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        try
        {
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
            var body = new char[MostCharacters];
            var length = await reader.ReadBlockAsync(body, cancellation);
            using var problem = JsonDocument.Parse(body.AsMemory(0, length));
            return Member(problem.RootElement, "detail") ?? Member(problem.RootElement, "title");
        }
        catch (Exception failure) when (failure is JsonException or IOException or HttpRequestException)
        {
            return null;
        }
    }

    private static string? Member(JsonElement problem, string name) =>
        problem.ValueKind == JsonValueKind.Object && problem.TryGetProperty(name, out var value)
            && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
