using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Audit.Formats.Tests.Support;

/// <summary>
/// What a book tells of the calls of a stream: what was derived, read as the node reads it and judged by the law.
/// </summary>
internal sealed partial class Story
{
    private static readonly RecordHasher Hasher = new(new byte[RecordHasher.KeyLength]);
    private static readonly ItemReader Items = new(Hasher);

    private readonly Dictionary<(string Session, string Call), CallHistory> histories = [];
    private readonly Dictionary<(string Session, string Call), List<(long Sequence, JsonElement Item)>> told = [];
    private readonly FormatReaders readers = new();
    private Timestamp received = new(DateTime.UnixEpoch.Ticks, 0);

    public IEnumerable<string> Violations => histories
        .Where(one => Judge.Of(one.Value.JudgedByArrival()).Violations > 0).Select(one => one.Key.Call);

    public static Story Of(string format, params string[][] posts)
    {
        var story = new Story();
        // Whoever posts a part of a stream says of which session it is; the command line looks for it.
        var session = Named(format, posts);
        foreach (var post in posts)
        {
            story.Take(format, post, session);
        }

        return story;
    }

    /// <summary>Of a stream that is sent in parts: whoever sends the next one says of which session it is.</summary>
    public static Story OfParts(string format, string[] first, string[] second)
    {
        var told = new Derived().Follow(
            new FormatReaders().Open(format, null, "ci")!, Encoding.UTF8.GetBytes(string.Join('\n', first)));
        var session = told.Records.Select(one => one.SessionId).Concat(told.Notes.Select(note => note.SessionId)).LastOrDefault(one => one is not null);
        var (story, named) = (new Story(), Named(format, first, second));
        story.Take(format, first, named);
        story.Take(format, second, named ?? session);
        return story;
    }

    /// <summary>Each call in a line, in the words of the truth that the script derives.</summary>
    public SortedDictionary<string, string> Calls(bool withTimes) => new(
        histories.ToDictionary(one => $"{one.Key.Session} {NameOf(one.Key, one.Value)}", one => Tell(one.Key, one.Value, withTimes)),
        StringComparer.Ordinal);

    /// <summary>A name that is made of what a call does is no part of its file: it is named by what was told of it.</summary>
    private string NameOf((string Session, string Call) name, CallHistory history)
    {
        if (!name.Call.StartsWith("log:", StringComparison.Ordinal))
        {
            return OfContent().Replace(name.Call, "");
        }

        using var said = JsonDocument.Parse(Tell(name, history, withTimes: true));
        string Of(string member) => said.RootElement.TryGetProperty(member, out var value) ? $"{value}" : "None";
        return $"log:{Of("state")} {Of("tool")} {Of("input")} {Of("output")} {Of("settled_at")}";
    }

    private static string? Named(string format, params string[][] posts) => posts.SelectMany(post => post)
        .Select(line => FormatReaders.SessionOf(format, Encoding.UTF8.GetBytes(line))).FirstOrDefault(one => one is not null);

    /// <summary>What could not be taken in.</summary>
    public List<string> Invalid { get; } = [];

    private void Take(string format, string[] lines, string? session)
    {
        var derived = new Derived().Follow(
            readers.Open(format, session, "ci")!, Encoding.UTF8.GetBytes(string.Join('\n', lines)));
        Invalid.AddRange(derived.InvalidLines.Select(one => one.Sentence));
        // They are sent as it happens, or a little later.
        var now = derived.Records.Select(record => record.Time is { } time && Rfc3339.TryParse(time, out var at) ? at : received)
            .Append(received).Max();
        foreach (var record in derived.Records)
        {
            var name = (record.SessionId ?? "-", record.Record.ToolCallId);
            var history = histories.GetValueOrDefault(name) ?? CallHistory.Empty;
            var at = received = now = now.AddNanoseconds(1);
            var time = record.Time ?? Rfc3339.Format(Inferred(record, history, at));
            var item = DerivedJson.Item(record, "-", time);
            Take(item, item, new ItemDefaults("ci", "ci-7", at)
            {
                SessionId = "-", Derived = true, TimeInferred = record.Time is null || record.IsTimeInferred,
            });
        }

        now = derived.Items.Select(item => JsonDocument.Parse(item).RootElement.GetProperty("recorded_at").GetString()!)
            .Select(time => Rfc3339.TryParse(time, out var at) ? at : now).Append(now).Max();
        foreach (var item in derived.Items)
        {
            var at = received = now = now.AddNanoseconds(1);
            Take(item, [.. "{\"record\":"u8, .. item, (byte)'}'], new ItemDefaults("ci", "ci-7", at) { SessionId = "-" });
        }
    }

    /// <param name="whole">The item with its envelope.</param>
    private void Take(byte[] item, byte[] whole, ItemDefaults defaults)
    {
        var read = Items.Read(item, defaults);
        Assert.True(read.Error is null, read.Error);
        var call = Assert.IsType<CallSubmission>(read.Submission);
        var name = (call.Session.Id, call.ToolCallId);
        var decision = CallDecider.Decide(histories.GetValueOrDefault(name) ?? CallHistory.Empty, call.Message);
        histories[name] = decision.After;
        if (decision.Outcome != MessageOutcome.Duplicate)
        {
            if (!told.TryGetValue(name, out var items))
            {
                told[name] = items = [];
            }

            items.Add((decision.Sequence, JsonDocument.Parse(whole).RootElement));
        }
    }

    /// <summary>As the node does where a source gives no time: a refusal precedes the failure that it led to.</summary>
    private static Timestamp Inferred(DerivedRecord record, CallHistory history, Timestamp at)
    {
        for (var entry = history.Latest; entry is not null; entry = entry.Earlier)
        {
            if (record.Kind == MessageKind.Blocked && entry.Message.Kind == MessageKind.Completed)
            {
                return entry.Message.OrderedAt.AddNanoseconds(-1);
            }
        }

        return at;
    }

    private string Tell((string Session, string Call) name, CallHistory history, bool withTimes)
    {
        var items = told[name].Select(one => (history.Find(one.Sequence)!.Message, one.Item)).OrderBy(one => one.Message.OrderedAt)
            .ToList();
        var records = items.Select(one => one.Item.GetProperty("record")).ToList();
        var outcomes = records.Select(record => record.GetProperty("outcome")).ToList();
        var settled = outcomes.LastOrDefault(outcome => outcome.GetProperty("kind").GetString()
            is "completed" or "blocked" or "cancelled" or "invalidated");
        var said = new SortedDictionary<string, object?>(StringComparer.Ordinal)
        {
            ["state"] = Words.Of(history.Standing.State),
            ["tool"] = history.Standing.ToolName is { Length: > 0 } tool ? tool : null,
            ["agent"] = First(items, "agent"),
            ["parent"] = First(items, "parent"),
            ["by"] = outcomes.Select(outcome => Text(outcome, "by")).LastOrDefault(by => by is not null),
            ["input"] = records.Select(record => record.GetProperty("requested_input"))
                .Where(input => input.ValueKind != JsonValueKind.Null).Select(Short).FirstOrDefault(),
            ["output"] = history.Standing.State == CallState.Completed && settled.ValueKind == JsonValueKind.Object
                && settled.TryGetProperty("result", out var result)
                ? $"{result.GetProperty("success").GetRawText()} {Short(result.GetProperty("output"))}"
                : null,
            ["guessed"] = records.Any(record => record.TryGetProperty("join", out _)) ? true : null,
        };
        if (withTimes)
        {
            said["requested_at"] = TimeOf(items, "requested");
            said["settled_at"] = TimeOf(items, "completed", "blocked", "cancelled", "invalidated");
        }

        return JsonSerializer.Serialize(said.Where(one => one.Value is not null).ToDictionary());
    }

    private static string? First(List<(CallMessage Message, JsonElement Item)> items, string name) =>
        items.Select(one => Text(one.Item, name)).FirstOrDefault(text => text is not null);

    private static long? TimeOf(List<(CallMessage Message, JsonElement Item)> items, params string[] kinds)
    {
        var found = items.FirstOrDefault(one => !one.Message.TimeInferred && kinds.Contains(Words.Of(one.Message.Kind)));
        return found.Message is null
            ? null
            : (found.Message.RecordedAt.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMillisecond;
    }

    private static string? Text(JsonElement value, string name) =>
        value.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;

    /// <summary>The length in characters and a checksum, as the script has them.</summary>
    private static string Short(JsonElement value)
    {
        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : Canonical(value);
        var sum = Encoding.UTF8.GetBytes(text).Aggregate(0L, (all, one) => ((all * 31) + one) % 1_000_000_007);
        return string.Create(CultureInfo.InvariantCulture, $"{Encoding.UTF8.GetByteCount(text)}:{sum}");
    }

    private static string Canonical(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "{" + string.Join(',', value.EnumerateObject().OrderBy(one => one.Name, StringComparer.Ordinal)
            .Select(one => $"{one.Name}:{Canonical(one.Value)}")) + "}",
        JsonValueKind.Array => "[" + string.Join(',', value.EnumerateArray().Select(Canonical)) + "]",
        JsonValueKind.String => value.GetString()!,
        _ => value.GetRawText(),
    };

    [GeneratedRegex("(?<=^item_\\d+)-[0-9a-f]{16}$")]
    private static partial Regex OfContent();
}
