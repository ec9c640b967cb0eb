using System.Net;
using Audit.Node.CommandLine.Operating;
using Audit.Node.Hosting;

namespace Audit.Node.CommandLine.Demo;

/// <summary>Sends the story to a node, as its hosts and its approver would have sent it.</summary>
internal static class DemoPlayer
{
    /// <returns>Of how many messages the story is.</returns>
    public static async Task<int> PlayAsync(
        RunningNode node, DemoClock clock, DemoCast cast, CancellationToken cancellation)
    {
        (string Name, string[] Roles)[] people =
            [(cast.Host, ["ingest"]), (cast.OtherHost, ["ingest"]), (cast.Approver, ["approve", "read"])];
        var steps = DemoStory.Ending(clock.GetUtcNow(), cast);
        clock.Set(steps[0].At.AddMinutes(-1));
        var url = new Uri(node.Urls[0]);
        using var admin = new NodeClient(url, FirstToken.Read(node.TokenFile));
        var senders = new Dictionary<string, NodeClient>();
        try
        {
            foreach (var (name, roles) in people)
            {
                var source = roles.Contains("ingest") ? name : null;
                var made = await admin.PostAsync(
                    "v1/tokens", new { name, roles, source }, WireJson.Default.NewTokenAnswer, cancellation);
                senders.Add(name, new NodeClient(url, made.Token));
            }

            foreach (var step in steps)
            {
                clock.Set(step.At);
                await SendAsync(senders[step.Who], step, cancellation);
            }
        }
        finally
        {
            foreach (var sender in senders.Values)
            {
                sender.Dispose();
            }
        }

        clock.GoOnForReal();
        await MakeFirstTokensAsync(url, node, cancellation);
        return steps.Count;
    }

    /// <summary>Those with which a book begins, so that who looks at the demo is not its administrator.</summary>
    private static async Task MakeFirstTokensAsync(Uri url, RunningNode node, CancellationToken cancellation)
    {
        await using var desk = new NodeTokenDesk(new NodeClient(url, FirstToken.Read(node.TokenFile)));
        foreach (var wanted in FirstTokens.Of(FirstTokens.Host))
        {
            await FirstTokens.MakeAsync(desk, wanted, node.DataPath, cancellation);
        }
    }

    private static async Task SendAsync(NodeClient sender, DemoStep step, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, step.Path)
        {
            Content = new StringContent(step.Body, Encoding.UTF8, "application/json"),
        };
        using var answer = await sender.SendAsync(request, cancellation);
        // 409 is the receipt of a violation, of which the story has one.
        if (!answer.IsSuccessStatusCode && answer.StatusCode != HttpStatusCode.Conflict)
        {
            throw CommandException.Failed(
                $"The story does not go on at {step.Path}: {await answer.Content.ReadAsStringAsync(cancellation)}");
        }
    }
}
