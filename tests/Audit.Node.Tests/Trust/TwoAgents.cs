using System.Text.RegularExpressions;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>
/// A book in which two agents did much the same at the same time, or only one of them did. What a reader who is bound to
/// the other gets is to be the same of both.
/// </summary>
internal static partial class TwoAgents
{
    /// <summary>Stands in everything that the first agent did, and in nothing else.</summary>
    public const string Secret = "arcanum";

    public const string Session = Secret + "-session";
    public const string Call = Secret + "-call";
    public const string Task = Secret + "-task";
    public const string Agent = Secret + "-agent";
    public const string Window = Secret + "-window";
    public const string Source = Secret + "-source";

    public const string OwnAgent = "b-agent";
    public const string OwnTask = "b-task";
    public const string OwnSource = "b-source";

    private const int Rounds = 6;

    /// <returns>The positions of what the first agent did.</returns>
    public static async Task<List<long>> WriteAsync(TestNode node, bool withFirst)
    {
        var positions = new List<long>();
        using var first = node.ClientWith(await node.TokenAsync("first host", ["ingest"], source: withFirst ? Source : "nobody"));
        using var own = node.ClientWith(await node.TokenAsync("own host", ["ingest"], source: OwnSource));
        if (withFirst)
        {
            await WindowAsync(node, Window, Task, Agent);
        }

        await WindowAsync(node, "b-window", OwnTask, OwnAgent);
        for (var round = 0; round < Rounds; round++)
        {
            if (withFirst)
            {
                positions.AddRange(await WriteAsync(first, Session, $"{Call}{round}", Task, Agent, Secret, round));
                positions.AddRange(await WriteAsync(first, "shared", $"{Call}-shared{round}", Task, Agent, Secret, round));
            }

            await WriteAsync(own, $"b-session-{round % 3}", $"b-call-{round}", OwnTask, OwnAgent, "b", round);
            await WriteAsync(own, "shared", $"b-shared-{round}", OwnTask, OwnAgent, "b", round);
        }

        if (withFirst)
        {
            await WindowAsync(node, Window + "-2", Task, Agent);
        }

        await node.UntilReadAsync();
        return positions;
    }

    /// <summary>Without what is another in each book: times of receipt, random numbers, keyed hashes, and numbers that stand for positions.</summary>
    public static string Compared(string answer)
    {
        // How quick the read models are is no part of what was read.
        var same = Now().Replace(answer, "NOW").Replace(",\"behind\":true", "");
        same = Random().Replace(same, "$1:RANDOM");
        return Positions().Replace(Keyed().Replace(same, "KEYED"), "P");
    }

    private static async Task<IEnumerable<long>> WriteAsync(
        HttpClient host, string session, string call, string task, string agent, string word, int round)
    {
        var minute = $"2025-01-02T03:{10 + round:00}:";
        var tool = word + (round % 2 == 0 ? "-sql" : "-bash");
        var outcomes = new[]
        {
            (round % 3) switch
            {
                0 => Records.Asked($"{word} asks for the ledger"),
                1 => Records.Blocked($"{word} must not see the ledger"),
                _ => """{"kind":"started"}""",
            },
            round % 3 == 0 ? null : Records.Completed(output: $"{word} ledger {round}"),
        };
        var found = new List<long>();
        foreach (var (index, outcome) in outcomes.OfType<string>().Index())
        {
            var answer = await host.PostAsync("/v1/records", Records.Item(session, call, outcome, $"{minute}0{index}Z", task, agent, tool));
            found.Add(answer.Json.GetProperty("position").GetInt64());
        }

        return found;
    }

    private static async Task WindowAsync(TestNode node, string id, string task, string agent)
    {
        using var asker = node.ClientWith(await node.TokenAsync("asker of " + id, ["ingest"]));
        (await asker.PostAsync(
            "/v1/windows",
            $$"""{"alias":"{{id}}","task_id":"{{task}}","agent":"{{agent}}","scope":["{{agent}}*"],"reason":"{{id}}","duration":"2h"}"""))
            .Require(201);
        (await node.PostAsync($"/v1/windows/{id}/approve", "{}")).Require(201);
    }

    [GeneratedRegex("""20(2[6-9]|[3-9]\d)-\d\d-\d\d[T ][0-9:.]+Z?""")]
    private static partial Regex Now();

    [GeneratedRegex("(\"next\"|\"nonce\"|\"dedup\"|\"mac\"):\"[^\"]+\"")]
    private static partial Regex Random();

    [GeneratedRegex("(?<=\")[A-Za-z0-9_-]{22}(?=\")|w-[0-9a-f]{32}")]
    private static partial Regex Keyed();

    [GeneratedRegex("""\b\d{9,16}\b""")]
    private static partial Regex Positions();
}
