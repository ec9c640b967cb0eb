using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Audit.Node.CommandLine.Reading;
using Audit.Node.Hosting;

namespace Audit.Node.CommandLine.Demo;

/// <summary>Sends the story to a node, as its hosts and its approver would have sent it.</summary>
internal static class DemoPlayer
{
    private static readonly (string Name, string[] Roles)[] Cast =
        [(DemoStory.Host, ["ingest"]), (DemoStory.OtherHost, ["ingest"]), (DemoStory.Approver, ["approve", "read"])];

    public static async Task PlayAsync(RunningNode node, DemoClock clock, IReadOnlyList<DemoStep> steps, CancellationToken cancellation)
    {
        using var http = new HttpClient { BaseAddress = new Uri(node.Urls[0]) };
        var tokens = await MakeTokensAsync(http, await File.ReadAllTextAsync(node.TokenFile, cancellation), cancellation);
        foreach (var step in steps)
        {
            clock.Set(step.At);
            using var request = new HttpRequestMessage(HttpMethod.Post, step.Path)
            {
                Content = new StringContent(step.Body, Encoding.UTF8, "application/json"),
            };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", tokens[step.Who]);
            using var answer = await http.SendAsync(request, cancellation);
            // 409 is the receipt of a violation, of which the story has one.
            if (!answer.IsSuccessStatusCode && answer.StatusCode != System.Net.HttpStatusCode.Conflict)
            {
                throw CommandException.Failed(
                    $"The story does not go on at {step.Path}: {await answer.Content.ReadAsStringAsync(cancellation)}");
            }
        }

        clock.GoOnForReal();
    }

    private static async Task<Dictionary<string, string>> MakeTokensAsync(HttpClient http, string admin, CancellationToken cancellation)
    {
        var tokens = new Dictionary<string, string>();
        foreach (var (name, roles) in Cast)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "v1/tokens") { Content = JsonContent.Create(new { name, roles }) };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", admin.Trim());
            using var answer = await http.SendAsync(request, cancellation);
            answer.EnsureSuccessStatusCode();
            tokens.Add(name, (await answer.Content.ReadFromJsonAsync<JsonElement>(cancellation)).GetProperty("token").GetString()!);
        }

        return tokens;
    }
}
