using System.Text.Json.Serialization.Metadata;

namespace Audit.Node.CommandLine.Hosts;

/// <summary>Whose calls are told of.</summary>
internal sealed record HostNames(string Session, string? Task, string? Agent)
{
    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteString("session_id"u8, Session);
        WriteIfKnown(json, "task_id", Task);
        WriteIfKnown(json, "agent", Agent);
    }

    private static void WriteIfKnown(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }
}

/// <summary>What a host was answered that asked whether a tool may run.</summary>
/// <param name="Sentence">Why it may not.</param>
internal sealed record HostAnswer(bool Runs, string Sentence)
{
    /// <summary>Whether this is the node's word; without one nobody knows what is in the book.</summary>
    public bool IsAnswered { get; init; } = true;

    /// <summary>There is no answer because there is no node.</summary>
    public bool IsAway { get; init; }

    /// <summary>The question waits for a person still.</summary>
    public bool IsOpen { get; init; }

    /// <summary>Nothing is enforced, and what the host does by itself holds.</summary>
    public bool IsNoOpinion { get; init; }
}

/// <summary>Asks a node for a host that speaks another protocol, and waits for a person where one is asked.</summary>
internal sealed class HostDesk(NodeClient node, HostNames names)
{
    private const double LongestWait = 600;

    /// <summary>A node that says nothing at all for so much longer than it was asked to wait is none.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(500);

    public HostNames Names => names;

    /// <summary>Asks about one call, and waits as long for a person.</summary>
    /// <param name="write">Writes the members that say what is to run.</param>
    public async Task<HostAnswer> DecideAsync(
        string call, Action<Utf8JsonWriter> write, TimeSpan wait, CancellationToken cancellation)
    {
        var now = DateTimeOffset.UtcNow;
        var body = HostJson.Write(json =>
        {
            names.WriteTo(json);
            json.WriteString("tool_call_id"u8, call);
            json.WriteString("recorded_at"u8, Timestamp.From(now).ToString());
            if (wait > TimeSpan.Zero)
            {
                // A question that nobody waits for any more is not to be approved.
                json.WriteString("expires_at"u8, Timestamp.From(now + wait).ToString());
            }

            write(json);
        });
        DecisionAnswer answer;
        try
        {
            answer = await SendAsync(
                node, HttpMethod.Post, PathOf("v1/decide", wait), body, WireJson.Default.DecisionAnswer, wait,
                cancellation);
        }
        catch (NodeException failure)
        {
            return new HostAnswer(false, failure.Message)
            {
                IsAnswered = false, IsAway = failure.Trouble != NodeTrouble.Refused,
            };
        }

        return Read(await UntilDecidedAsync(call, answer, now + wait, cancellation), wait);
    }

    /// <summary>Posts what is told, and waits until the node has it.</summary>
    /// <exception cref="NodeException">It has not.</exception>
    public static async Task KeepAsync(
        NodeClient node, string path, byte[] body, TimeSpan patience, CancellationToken cancellation)
    {
        var answer = await SendAsync(
            node, HttpMethod.Post, path, body, WireJson.Default.JsonElement, patience, cancellation);
        var receipts = answer.ValueKind == JsonValueKind.Array ? answer : answer.GetProperty("receipts");
        foreach (var receipt in receipts.EnumerateArray())
        {
            var status = receipt.GetProperty("status").GetString();
            if (status is "invalid" or "refused" or "unavailable")
            {
                throw new NodeException(
                    status == "unavailable" ? NodeTrouble.Unreachable : NodeTrouble.NotRecorded,
                    $"The node did not write it down: {receipt.GetProperty("error").GetString()}");
            }
        }
    }

    private async Task<DecisionAnswer> UntilDecidedAsync(
        string call, DecisionAnswer answer, DateTimeOffset end, CancellationToken cancellation)
    {
        // An answer is to one question, and the call may be asked another meanwhile.
        var path = NodeClient.PathOf(
            $"v1/sessions/{Uri.EscapeDataString(names.Session)}/calls/{Uri.EscapeDataString(call)}/decision",
            ("question", answer.Question?.Question));
        while (IsOpen(answer) && end - DateTimeOffset.UtcNow is var left && left > TimeSpan.Zero)
        {
            try
            {
                answer = await SendAsync(
                    node, HttpMethod.Get, PathOf(path, left), default, WireJson.Default.DecisionAnswer, left,
                    cancellation);
            }
            catch (NodeException)
            {
                // A question outlives the node's restart; only the time ends it.
                await Task.Delay(LookAgain, cancellation);
            }
        }

        return answer;
    }

    private static async Task<T> SendAsync<T>(
        NodeClient node, HttpMethod method, string path, ReadOnlyMemory<byte> body, JsonTypeInfo<T> type, TimeSpan wait,
        CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(wait + Grace);
        try
        {
            using var request = new HttpRequestMessage(method, path);
            if (!body.IsEmpty)
            {
                request.Content = new ReadOnlyMemoryContent(body)
                {
                    Headers = { ContentType = new("application/json") },
                };
            }

            using var response = await node.RequireAsync(request, patience.Token);
            await using var content = await response.Content.ReadAsStreamAsync(patience.Token);
            return await JsonSerializer.DeserializeAsync(content, type, patience.Token)
                ?? throw new JsonException("It is empty.");
        }
        catch (Exception failure) when (failure is JsonException or HttpRequestException or IOException)
        {
            throw new NodeException(
                NodeTrouble.Unreadable, $"The answer of {node.Server} cannot be read: {failure.Message}", failure);
        }
        catch (OperationCanceledException failure) when (!cancellation.IsCancellationRequested)
        {
            throw new NodeException(NodeTrouble.Unreachable, $"The node at {node.Server} does not answer.", failure);
        }
    }

    private static string PathOf(string path, TimeSpan wait) =>
        $"{path}{(path.Contains('?') ? '&' : '?')}wait={Math.Min(LongestWait, Math.Ceiling(wait.TotalSeconds)):0}";

    private static bool IsOpen(DecisionAnswer answer) =>
        answer is { Decision: null, State: "awaiting_confirmation" };

    private HostAnswer Read(DecisionAnswer answer, TimeSpan wait)
    {
        if (IsOpen(answer))
        {
            var sentence = $"a person has to approve it, and nobody did within {wait.TotalSeconds:0} s; "
                + $"what waits is at {new Uri(node.Server, "waiting")} while it waits";
            return new HostAnswer(false, sentence) { IsOpen = true };
        }

        if (answer.Decision is { } decision && (decision == NoOpinion || ApprovingDecisions.Contains(decision)))
        {
            var isOver = Rfc3339.TryParse(answer.ValidUntil ?? "", out var until)
                && until < Timestamp.From(DateTimeOffset.UtcNow);
            return new HostAnswer(!isOver, isOver ? "what approved it held only until " + until : "")
            {
                IsNoOpinion = decision == NoOpinion,
            };
        }

        var rule = answer.Rule is { } name ? $", rule \"{name}\"" : "";
        var by = answer.By is { } who ? $" (by {who}{rule})" : "";
        return new HostAnswer(false, (answer.Feedback ?? "it was refused") + by);
    }

    /// <summary>Where nothing is enforced a tool runs, and is written down.</summary>
    private const string NoOpinion = "no-opinion";
}
