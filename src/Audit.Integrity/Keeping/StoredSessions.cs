using Audit.Integrity.Entries;
using Audit.Lifecycle.Calls;
using Audit.Lifecycle.Time;
using Audit.Lifecycle.Windows;

namespace Audit.Integrity.Keeping;

/// <summary>A session as it lies in a store: all rows of its calls and its notes, in order of position.</summary>
/// <param name="Owner">Of the key of its content: the name of its notes' stream.</param>
/// <param name="Recorded">When the store wrote the last of them, by the node's clock and nobody else's.</param>
/// <param name="Against">Why it stays as it is; null where nothing speaks against archiving or cutting it.</param>
internal sealed record StoredSession(string Owner, IReadOnlyList<object?[]> Rows, DateTime Recorded, string? Against)
{
    public IReadOnlySet<string> Tools { get; init; } = new HashSet<string>();

    public IReadOnlySet<string> Tasks { get; init; } = new HashSet<string>();

    public IReadOnlySet<string> Tiers { get; init; } = new HashSet<string>();

    public string Source => Owner.Split('|')[1];

    public long Last => (long)Rows[^1][0]!;

    public IReadOnlyList<string> Streams => [.. Rows.Select(row => (string)row[3]!).Distinct()];

    /// <summary>A row as the journal's readers have it.</summary>
    public static JournalRow RowOf(object?[] values) => new(
        (long)values[0]!, (string)values[3]!, (long)values[4]!, (long)values[1]!, (string?)values[6] ?? "",
        (byte[])values[5]!)
    {
        Deleted = (long)values[2]! != 0, Identifier = (int?)(long?)values[7],
    };
}

/// <summary>What people hold, as far as the book says it and a node wrote it.</summary>
internal sealed class StandingHolds
{
    private const string Added = "hold.added", Lifted = "hold.lifted";

    private readonly Dictionary<string, JsonElement> holds = [];

    public static async Task<StandingHolds> ReadAsync(
        EntryKeys entries, StoreLook look, CancellationToken cancellation)
    {
        var read = new StandingHolds();
        foreach (var (act, facts) in await KeepingActs.ReadAsync(entries, look, cancellation))
        {
            var id = Text(facts, "id") ?? "";
            if (act == Added)
            {
                read.holds[id] = facts;
            }
            else if (act == Lifted)
            {
                read.holds.Remove(id);
            }
        }

        return read;
    }

    /// <summary>The id of a hold that stands over a session, as soon as it may over one of its calls.</summary>
    /// <param name="first">The earliest time that anybody told of it.</param>
    public string? Over(
        string owner, IReadOnlySet<string> agents, IReadOnlySet<string> tasks, DateTimeOffset first) =>
        holds.FirstOrDefault(one => MayCover(one.Value, owner, agents, tasks, first)).Key;

    private static bool MayCover(
        JsonElement hold, string owner, IReadOnlySet<string> agents, IReadOnlySet<string> tasks, DateTimeOffset first)
    {
        var names = owner.Split('|', 3);
        return (Text(hold, "source") is not { } source
                || StreamNames.Key(new SessionName(source, "")) == $"{names[1]}|")
            && (Text(hold, "session_id") is not { } session || session == names[2])
            && (Text(hold, "agent") is not { } agent || agents.Contains(agent))
            && (Text(hold, "task") is not { } task || tasks.Contains(task))
            && !(DateTimeOffset.TryParse(Text(hold, "before"), CultureInfo.InvariantCulture, out var before)
                && first >= before);
    }

    private static string? Text(JsonElement facts, string name) =>
        facts.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

/// <summary>The acts by which the book is kept, each with its facts: those alone that a node wrote.</summary>
internal static class KeepingActs
{
    private static readonly StreamKey Stream = new(StreamNames.Keeping);

    public static async Task<IReadOnlyList<(string Act, JsonElement Facts)>> ReadAsync(
        EntryKeys entries, StoreLook look, CancellationToken cancellation) =>
    [
        .. (await new StoreJournal(look).ReadStreamAsync(Stream, 0, int.MaxValue, cancellation))
            .Where(entries.Proves)
            .Select(row => EventReader.ViewOf(row))
            .Where(view => !view.Raw(EventField.Facts).IsEmpty)
            .Select(view => (view.Text(EventField.Act) ?? "", JsonElement.Parse(view.Raw(EventField.Facts)))),
    ];
}

/// <summary>
/// Goes through the sessions of a store and says of each whether it may go: a session is over when every call of it is
/// settled, all of it is sealed, and nobody has anything to say to it any more.
/// </summary>
internal sealed class StoredSessions
{
    internal const string Windows = "task-window|";

    private const string Notes = "notes|";
    private const int OwnersAtOnce = 500;

    private readonly StoreLook look;
    private readonly EntryKeys entries;
    private readonly long sealedUpTo;
    private readonly StandingHolds holds;
    private readonly IReadOnlySet<string> openTasks;

    private StoredSessions(
        StoreLook look, EntryKeys entries, long sealedUpTo, StandingHolds holds, IReadOnlySet<string> openTasks) =>
        (this.look, this.entries, this.sealedUpTo, this.holds, this.openTasks) =
            (look, entries, sealedUpTo, holds, openTasks);

    /// <param name="sealedUpTo">The last position that the newest checkpoint covers.</param>
    public static async Task<StoredSessions> OpenAsync(
        StoreLook look, EntryKeys entries, long sealedUpTo, DateTimeOffset now, CancellationToken cancellation) =>
        new(
            look, entries, sealedUpTo, await StandingHolds.ReadAsync(entries, look, cancellation),
            await OpenTasksAsync(look, entries, now, cancellation));

    /// <summary>The sessions of the store, by the owners of the keys of their content.</summary>
    public async IAsyncEnumerable<string> OwnersAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var name = $"owner{look.ByBytes}";
        for (var after = Notes; ;)
        {
            var owners = await look.ReadAsync(
                session => session.QueryAsync(
                    $"SELECT owner FROM payload_keys WHERE {name} > $1 AND {name} < $2 ORDER BY {name} LIMIT $3",
                    [after, EndOf(Notes), (long)OwnersAtOnce], row => row.Text(0), cancellation),
                cancellation);
            foreach (var owner in owners)
            {
                yield return owner;
            }

            if (owners.Count < OwnersAtOnce)
            {
                yield break;
            }

            after = owners[^1];
        }
    }

    /// <summary>When the store last wrote of a session; null where it has no row of it.</summary>
    public async Task<DateTime?> RecordedAsync(string owner, CancellationToken cancellation)
    {
        var calls = CallsOf(owner);
        var ticks = await look.ReadAsync(
            session => session.QueryAsync(
                """
                SELECT max(created) FROM (
                    SELECT created FROM journal WHERE persistence_id = $1
                    UNION ALL SELECT created FROM journal WHERE persistence_id > $2 AND persistence_id < $3) AS theirs
                """,
                [owner, calls, EndOf(calls)], row => row.NumberOrNull(0), cancellation),
            cancellation);
        return ticks[0] is { } last ? TimeOf(last) : null;
    }

    /// <returns>Null where the store has no row of it.</returns>
    public async Task<StoredSession?> ReadAsync(string owner, CancellationToken cancellation)
    {
        var calls = CallsOf(owner);
        var rows = await look.ReadAsync(
            session => session.QueryAsync(
                $"{TableShape.Journal.SelectSql("")} WHERE persistence_id = $1 UNION ALL "
                + $"{TableShape.Journal.SelectSql("")} WHERE persistence_id > $2 AND persistence_id < $3 ORDER BY 1",
                [owner, calls, EndOf(calls)], TableShape.Journal.Read, cancellation),
            cancellation);
        return rows.Count == 0 ? null : Judge(owner, rows);
    }

    private StoredSession Judge(string owner, IReadOnlyList<object?[]> rows)
    {
        var facts = new SessionFacts();
        string? against = null;
        foreach (var stream in rows.Select(StoredSession.RowOf).GroupBy(row => row.PersistenceId))
        {
            try
            {
                against = Judge(stream.OrderBy(row => row.Sequence), facts) ?? against;
            }
            catch (Exception failure) when (failure is InvalidDataException or JsonException or FormatException)
            {
                against = $"a row of {stream.Key} cannot be read: {failure.Message}";
            }
        }

        if (holds.Over(owner, facts.Agents, facts.Tasks, facts.First) is { } hold)
        {
            against = $"the hold {hold} stands over it";
        }
        else if (facts.Tasks.FirstOrDefault(openTasks.Contains) is { } open)
        {
            against ??= $"a window of its task {open} is open or asked for";
        }
        else if ((long)rows[^1][0]! > sealedUpTo)
        {
            against ??= "not all of it is sealed";
        }

        return new StoredSession(
            owner, rows, TimeOf(rows.Max(row => (long)row[1]!)), against)
        {
            Tools = facts.Tools, Tasks = facts.Tasks, Tiers = facts.Tiers,
        };
    }

    /// <returns>Why the stream is not over; null where it is.</returns>
    private string? Judge(IEnumerable<JournalRow> rows, SessionFacts facts)
    {
        var (history, last, isCall) = (CallHistory.Empty, 0L, false);
        foreach (var row in rows)
        {
            if (!entries.Proves(row))
            {
                return $"the row at position {row.Position} is one that no node wrote so: it is evidence, and stays";
            }

            if (row.Sequence != ++last)
            {
                return $"the stream {row.PersistenceId} lacks its number {last}: that is to be seen, and stays";
            }

            var view = EventReader.ViewOf(row);
            facts.Take(view);
            isCall = row.PersistenceId.StartsWith(StreamNames.CallPrefix, StringComparison.Ordinal);
            if (!isCall)
            {
                continue;
            }

            history = CallEvolution.Evolve(history, EventReader.ReadCall(row, view));
        }

        SessionFacts.Add(facts.Tasks, history.Standing.TaskId);
        return !isCall ? null
            : !IsSettled(history.Standing.State) ? "a call of it is not settled"
            : WaitsForReview(history) ? "violations of it were not reviewed"
            : null;
    }

    private static bool IsSettled(CallState state) => state is CallState.Completed or CallState.Blocked
        or CallState.Cached or CallState.Replayed or CallState.Invalidated or CallState.Cancelled;

    // One that was lifted waits as well: whoever wants it gone has looked at it.
    private static bool WaitsForReview(CallHistory history)
    {
        for (var link = history.Rulings; link is not null; link = link.Earlier)
        {
            if (RulingLink.Find(history.Rulings, link.Sequence)!.Review == 0)
            {
                return true;
            }
        }

        for (var entry = history.Latest; entry is not null; entry = entry.Earlier)
        {
            if (entry.Cause != ViolationCause.None && RulingLink.Find(history.Rulings, entry.Sequence) is null)
            {
                return true;
            }
        }

        return false;
    }

    private static async Task<IReadOnlySet<string>> OpenTasksAsync(
        StoreLook look, EntryKeys entries, DateTimeOffset now, CancellationToken cancellation)
    {
        var rows = await look.ReadAsync(
            session => session.QueryAsync(
                $"SELECT {JournalTable.Columns} FROM journal WHERE persistence_id > $1 AND persistence_id < $2 "
                + "ORDER BY persistence_id, sequence_number",
                [Windows, EndOf(Windows)], new JournalRows().Read, cancellation),
            cancellation);
        var open = new HashSet<string>();
        foreach (var window in rows.Where(entries.Proves).GroupBy(row => row.PersistenceId))
        {
            var history = window.Aggregate(
                WindowHistory.Empty, (known, row) => WindowDecider.Evolve(known, EventReader.ReadWindow(row)));
            if (history.Terms is { } terms && (history.State == WindowState.Requested
                || (history.State == WindowState.Approved && !(history.Until <= Timestamp.From(now)))))
            {
                open.Add(terms.TaskId);
            }
        }

        return open;
    }

    private static DateTime TimeOf(long ticks) =>
        new(Math.Clamp(ticks, 0, DateTime.MaxValue.Ticks), DateTimeKind.Utc);

    private static string CallsOf(string owner) => $"{StreamNames.CallPrefix}{owner[Notes.Length..]}|";

    // The next letter behind the last: what begins with a text lies before it, in the order of bytes.
    internal static string EndOf(string prefix) => prefix[..^1] + (char)(prefix[^1] + 1);

    /// <summary>What the heads of a session name.</summary>
    private sealed class SessionFacts
    {
        public HashSet<string> Tools { get; } = [];

        public HashSet<string> Tasks { get; } = [];

        public HashSet<string> Tiers { get; } = [];

        public HashSet<string> Agents { get; } = [];

        public DateTimeOffset First { get; private set; } = DateTimeOffset.MaxValue;

        public void Take(in EventView view)
        {
            Add(Tools, view.Text(EventField.FactTool));
            Add(Tiers, view.Text(EventField.FactTier));
            Add(Tasks, view.Text(EventField.TaskId));
            Add(Agents, view.Text(EventField.Agent));
            foreach (var field in (ReadOnlySpan<EventField>)
                [EventField.ReceivedAt, EventField.FactRecordedAt, EventField.At])
            {
                if (DateTimeOffset.TryParse(view.Text(field), CultureInfo.InvariantCulture, out var time))
                {
                    First = time < First ? time : First;
                }
            }
        }

        public static void Add(HashSet<string> names, string? name)
        {
            if (name is not null)
            {
                names.Add(name);
            }
        }
    }
}
