using System.Collections.Concurrent;
using Audit.Client.Sending;

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
    /// <summary>A node that says nothing at all for so much longer than it was asked to wait is none.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    /// <summary>
    /// So much longer than the question lives its end is waited for: the node ends it, and whoever gave it up at the same
    /// moment would cancel what is ended already, which the law holds against him.
    /// </summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(2);

    /// <summary>The agent is told at once that no node answers.</summary>
    private readonly QuestionPost questions = new(node, TimeSpan.Zero, Grace);

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
        var isOpen = false;
        try
        {
            var patience = wait > TimeSpan.Zero ? wait + Margin : wait;
            var answer = await questions.AskAsync(body, patience, cancellation, () => isOpen = true);
            return Read(answer, now, wait);
        }
        catch (NodeException failure)
        {
            // A node that asked a person and went is not one that was never there, nor is who answers something else.
            return new HostAnswer(false, failure.Message)
            {
                IsAnswered = false, IsAway = failure.Trouble == NodeTrouble.Unreachable && !isOpen,
            };
        }
    }

    /// <summary>Posts what is told, and waits until the node has it.</summary>
    /// <exception cref="NodeException">It has not.</exception>
    public static async Task KeepAsync(
        NodeClient node, string path, byte[] body, TimeSpan patience, CancellationToken cancellation)
    {
        var answer = await QuestionPost.PostAsync(
            node, path, body, WireJson.Default.JsonElement, patience, cancellation);
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

    private HostAnswer Read(DecisionAnswer answer, DateTimeOffset asked, TimeSpan wait)
    {
        // The question ends when nobody waits for it any more, and either may be seen first.
        var isEnded = answer.State == "invalidated" && DateTimeOffset.UtcNow >= asked + wait;
        if (answer.Decision is null && (answer.IsAwaited || isEnded))
        {
            var sentence = $"a person has to approve it, and nobody did within {wait.TotalSeconds:0} s; "
                + $"what waits is at {new Uri(node.Server, "waiting")} while it waits";
            return new HostAnswer(false, sentence) { IsOpen = answer.IsAwaited };
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

/// <summary>
/// Sends what became of calls in the order in which it was said, and again until the node has it. It lies in memory:
/// what must not be lost is waited for.
/// </summary>
internal sealed class HostOutbox : IAsyncDisposable
{
    private static readonly TimeSpan Company = TimeSpan.FromMilliseconds(5), Pause = TimeSpan.FromMilliseconds(250);

    private readonly MemoryOutbox outbox = new(TimeSpan.FromDays(1), 64L << 20) { Company = Company };
    private readonly ConcurrentDictionary<Task, bool> waiting = new();
    private readonly BackgroundSender sender;
    private readonly Action<string> note;
    private string? lastLost;
    private int lost;
    private bool isClosed;

    /// <param name="note">Takes what a person should know, in a sentence.</param>
    public HostOutbox(NodeClient node, Action<string> note)
    {
        this.note = note;
        sender = new BackgroundSender(
            new RecordPost(node, []), outbox, Pause, trouble => note($"records wait: {trouble.Message}"));
    }

    /// <summary>Why something waits still; null while nothing is known to be wrong.</summary>
    public string? Trouble => sender.Trouble?.Message;

    /// <param name="isPressing">Somebody waits for it.</param>
    /// <returns>Null once the item is durable; why it never will be, where the node will not have it.</returns>
    public Task<string?> Post(byte[] item, bool isPressing = false)
    {
        var posted = PostAsync([.. item, (byte)'\n'], isPressing);
        waiting[posted] = true;
        _ = posted.ContinueWith(_ => waiting.TryRemove(posted, out bool _), TaskScheduler.Default);
        return posted;
    }

    /// <summary>Takes no more, and waits as long for what it has.</summary>
    /// <returns>Whether all of it is in the book, or refused as what it says.</returns>
    public async Task<bool> CloseAsync(TimeSpan patience)
    {
        var all = Task.WhenAll(waiting.Keys);
        await Task.WhenAny(all, Task.Delay(patience));
        var trouble = Trouble;
        await DisposeAsync();
        await all;
        if (lost > 0)
        {
            note($"{lost} records could not be written: {trouble ?? lastLost}");
        }

        return lost == 0;
    }

    public async ValueTask DisposeAsync()
    {
        if (!isClosed)
        {
            isClosed = true;
            await sender.DisposeAsync();
        }
    }

    private async Task<string?> PostAsync(byte[] line, bool isPressing)
    {
        try
        {
            var receipt = await outbox.SendAsync(line, isPressing);
            return receipt.Status is "invalid" or "refused" ? receipt.Error ?? receipt.Status : null;
        }
        catch (NodeException failure)
        {
            Interlocked.Increment(ref lost);
            return lastLost = failure.Message;
        }
    }
}
