using Audit.Formats.Correlation;

namespace Audit.Formats.Codex;

/// <summary>
/// The rollout of a thread that was forked begins with a copy of the one that it came from, with how that began and
/// what that one had copied. What is copied has new times, and nothing else marks it but the ids of its turns, which
/// say when they began: a turn is of the youngest thread that there was by then. So no call stands in two threads.
/// </summary>
internal sealed class CodexForks(CallMemory memory)
{
    private const int MostThreads = 64;

    /// <summary>What stands in the copy for a sub-agent in place of what starting it answered.</summary>
    public const string OfSubAgent = "You are the newly spawned agent.";

    /// <summary>The thread of the file, and those that it came from.</summary>
    private readonly List<CodexThread> threads = [];
    private string? ofTurn;

    /// <returns>The thread of the file.</returns>
    public string? Begin(JsonElement meta, IFormatSink sink)
    {
        if (meta.Text("id") is not { } id)
        {
            return threads.FirstOrDefault()?.Id;
        }

        if (threads.Count > 0 && threads[0].Id == id)
        {
            ofTurn = id;
            return id;
        }

        var thread = new CodexThread(id, meta.Text("forked_from_id"), TimeOf(id));
        if (threads.Exists(one => one.Id == id) || (threads.Count is > 0 and < MostThreads && threads[^1].From == id))
        {
            threads.RemoveAll(one => one.Id == id);
            threads.Add(thread);
            ofTurn = null;
            return threads[0].Id;
        }

        threads.Clear();
        threads.Add(thread);
        ofTurn = null;
        if (thread.From is { } from)
        {
            sink.Note(new DerivedNote(id, $"codex:forked:{from}", "forked",
                MadeJson.Of(json => json.WriteString("from", from))));
        }

        return id;
    }

    /// <returns>The thread that a line is of; null where that is the one of the file.</returns>
    public string? HomeOf(string type, JsonElement payload)
    {
        if (threads is not [{ From: { } parent }, ..])
        {
            return null;
        }

        if (type == "session_meta")
        {
            return payload.Text("id");
        }

        if (payload.Text("turn_id") is { } turn
            && (type == "turn_context" || payload.Text("type") is "task_started" or "turn_started"))
        {
            ofTurn = TimeOf(turn) is { } begun && threads[0].Begun is not null ? ThreadAt(begun) : null;
        }

        // Without a turn that says when it began, only what was told before is known to be copied.
        return ofTurn ?? (payload.Text("call_id") is { } call
            ? threads.Skip(1).Select(one => one.Id).Append(parent).FirstOrDefault(
                one => memory.Find(one, call) is not null)
            : null);
    }

    private string ThreadAt(long moment) =>
        threads.Where(one => one.Begun <= moment).MaxBy(one => one.Begun)?.Id ?? threads[^1].From ?? threads[^1].Id;

    /// <returns>In milliseconds; null for an id that does not say it.</returns>
    private static long? TimeOf(string id) => Guid.TryParseExact(id, "D", out var uuid) && uuid.Version == 7
        ? long.Parse(id.Replace("-", "", StringComparison.Ordinal)[..12], NumberStyles.HexNumber,
            CultureInfo.InvariantCulture)
        : null;

    private sealed record CodexThread(string Id, string? From, long? Begun);
}
