using Audit.Projections.Feeding;
using Audit.Projections.Folding;
using Audit.Projections.Sqlite;
using Audit.Projections.TimeTravel;

namespace Audit.Projections;

/// <summary>
/// Compares the read models with what the journal says. They are made of it and of nothing else, so whatever differs
/// was changed by somebody.
/// </summary>
public sealed class ReadModelsCheck(string address, IJournal journal) : IAsyncDisposable
{
    private const int MostSentences = 5, Tries = 3, RowsAtOnce = 2_000;

    private const string Mend = "\"audit rebuild\" makes the read models anew.";

    /// <summary>Each by a number that orders its rows in the same way in every store.</summary>
    private static readonly (string Table, string Key, string Columns)[] Tables =
    [
        ("sessions", "id", "session_id source first_at doc"),
        (
            "calls", "id",
            "session call_id task_id judgement mark attention strayed first_at last_at agent source parent tool state "
                + "waits question decided decided_at doc"),
        ("transitions", "call", "sequence position task_id agent at received_at marked marks doc"),
        ("tasks", "id", "task_id first_at doc"),
        ("windows", "id", "window_id task_id agent opens_at until requested source alias doc"),
        ("violations", "position", "at lifted task_id agent source review waits doc"),
        ("copies", "position", "doc"),
        ("pauses", "position", "begun ended doc"),
        ("hours", "hour", "calls doc"),
        ("named", "call", "task_id"),
    ];

    private readonly IReadStore live = ReadSide.StoreOf(address);

    /// <inheritdoc cref="AllAsync(string, CutAway, CancellationToken)"/>
    public Task<IReadOnlyList<string>> AllAsync(string directory, CancellationToken cancellation) =>
        AllAsync(directory, CutAway.Nothing, cancellation);

    /// <summary>Compares all rows, with read models that are made anew for it beside the live ones.</summary>
    /// <param name="directory">Where these may lie meanwhile: what agents did stands in them in the clear.</param>
    /// <param name="away">What the live ones may have beside what the journal has.</param>
    /// <returns>What differs, in sentences.</returns>
    public async Task<IReadOnlyList<string>> AllAsync(
        string directory, CutAway away, CancellationToken cancellation)
    {
        if (await FindOffsetAsync(cancellation) is not { } known)
        {
            return [];
        }

        var path = Path.Combine(directory, $"verify-{Guid.NewGuid():N}.db");
        await using var made = new SqliteReadStore(path, ReadStoreKind.Models, FailureLog.None, isFilled: true);
        await using var lead = (await made.TryLeadAsync(cancellation))!;
        await Skipped.CopyAsync(live, made, cancellation);
        await FeedAsync(lead, known, cancellation);
        // From here on in one snapshot: the node may go on writing.
        return await live.ReadAsync(
            async snapshot =>
            {
                var end = (await OffsetRow.ReadAsync(snapshot, cancellation)).Offset;
                await FeedAsync(lead, end, cancellation);
                return await CompareAsync(snapshot, lead, away, cancellation);
            },
            cancellation);
    }

    /// <summary>Compares some calls, with all their messages and violations.</summary>
    /// <param name="streams">Their streams.</param>
    /// <returns>What differs, in sentences.</returns>
    public async Task<IReadOnlyList<string>> SomeAsync(IEnumerable<string> streams, CancellationToken cancellation)
    {
        var wrong = new List<string>();
        if (await FindOffsetAsync(cancellation) is null)
        {
            return wrong;
        }

        var past = new PastModels(live, journal);
        foreach (var stream in streams)
        {
            // A node that goes on writing makes them differ for a moment.
            string? found = "";
            for (var tried = 0; found is not null && tried < Tries; tried++)
            {
                found = await DifferenceAsync(past, stream, cancellation);
            }

            if (found is not null)
            {
                wrong.Add(found);
            }
        }

        return Shortened(wrong);
    }

    public ValueTask DisposeAsync() => live.DisposeAsync();

    /// <returns>Null where nothing was ever read: there is nothing to compare.</returns>
    private async Task<ReadOffset?> FindOffsetAsync(CancellationToken cancellation)
    {
        var store = StoreAddress.Parse(address);
        if (store.IsSqlite && !File.Exists(SqliteReadStore.PathBeside(store.Place, ReadStoreKind.Models)))
        {
            return null;
        }

        try
        {
            var row = await live.ReadAsync(session => OffsetRow.ReadAsync(session, cancellation), cancellation);
            return row.Offset.Position == 0 ? null : row.Offset;
        }
        catch (ReadModelsException)
        {
            return null;
        }
    }

    private async Task FeedAsync(IReadLead lead, ReadOffset end, CancellationToken cancellation)
    {
        if ((await OffsetRow.ReadAsync(lead, cancellation)).Offset.Position < end.Position)
        {
            await new Pipeline(new JournalUntil(journal, end.Position), new FeedLimits())
                .RunAsync(lead, null, follow: null, _ => { }, cancellation);
        }
    }

    private static async Task<IReadOnlyList<string>> CompareAsync(
        IReadSession stored, IReadSession made, CutAway away, CancellationToken cancellation)
    {
        var wrong = new List<string>();
        var touched = await TouchedAsync(stored, away, cancellation);
        foreach (var (table, key, columns) in Tables)
        {
            long? from = long.MinValue;
            while (from is { } first)
            {
                var next = await made.QueryAsync(
                    $"SELECT {key} FROM {table} WHERE {key} > $1 ORDER BY {key} LIMIT 1 OFFSET {RowsAtOnce}", [first],
                    row => row.Number(0), cancellation);
                long[] range = [first, next.Count == 0 ? long.MaxValue : next[0]];
                var texts = string.Join(" || ' ' || ", columns.Split(' ').Prepend(key)
                    .Select(one => $"coalesce(CAST({one} AS TEXT), '-')"));
                var sql = $"SELECT {key}, {texts} FROM {table} WHERE {key} > $1 AND {key} <= $2";
                var (here, there) = (await RowsAsync(stored), await RowsAsync(made));
                var differs = here.Except(there).Concat(there.Except(here)).Select(row => row.Key).Distinct().Order();
                foreach (var one in differs.ToList())
                {
                    if (!await IsAwayAsync(table, one))
                    {
                        wrong.Add(Sentence(table, key, one, here, there));
                    }
                }

                from = next.Count == 0 ? null : next[0];

                async Task<HashSet<(long Key, string Text)>> RowsAsync(IReadSession session) =>
                    [.. await session.QueryAsync(
                        sql, [range[0], range[1]], row => (row.Number(0), row.Text(1)), cancellation)];
            }
        }

        return Shortened(wrong);

        // What counts calls is not compared as far as it counts calls that were cut; each row has the position of its
        // first event, or of that of its call.
        async Task<bool> IsAwayAsync(string table, long number) =>
            away.Positions.Count > 0 && table switch
            {
                "sessions" => (await BothAsync(ReadTables.Sessions, number)).Exists(
                    one => away.Sessions.Contains(StreamNames.Session(one.Name))),
                "tasks" => (await BothAsync(ReadTables.Tasks, number)).Exists(
                    one => touched.Tasks.Contains(one.TaskId)),
                "windows" => (await BothAsync(ReadTables.Windows, number)).Exists(
                    one => touched.Tasks.Contains(one.Task ?? "")),
                "hours" => touched.Hours.Contains(number),
                _ => away.Positions.Contains(number),
            };

        async Task<List<T>> BothAsync<T>(Table<T> table, long number) =>
        [
            .. await stored.FindAsync(table, [new KeyColumn("id", [number])], cancellation),
            .. await made.FindAsync(table, [new KeyColumn("id", [number])], cancellation),
        ];
    }

    /// <summary>What the calls are counted in that were cut and stand in the read models still.</summary>
    private static async Task<(HashSet<string> Tasks, HashSet<long> Hours)> TouchedAsync(
        IReadSession stored, CutAway away, CancellationToken cancellation)
    {
        var (tasks, hours) = (new HashSet<string>(), new HashSet<long>());
        foreach (var chunk in away.Positions.Chunk(RowsAtOnce / 4))
        {
            foreach (var call in await stored.FindAsync(
                ReadTables.Calls, [new KeyColumn("id", chunk)], cancellation))
            {
                tasks.Add(call.Task ?? "");
                hours.UnionWith(HourFold.HoursOf(null, call));
            }
        }

        return (tasks, hours);
    }

    private static string Sentence(
        string table, string key, long number, HashSet<(long Key, string)> here, HashSet<(long Key, string)> there)
    {
        var what = here.All(row => row.Key != number) ? "is missing"
            : there.All(row => row.Key != number) ? "is of nothing in the journal"
            : "says other than the journal";
        return $"The row of {table} whose {key} is {number} {what}. {Mend}";
    }

    private async Task<string?> DifferenceAsync(PastModels past, string stream, CancellationToken cancellation)
    {
        var rows = await journal.ReadStreamAsync(new StreamKey(stream), 0, 1, cancellation);
        if (rows is not [{ IsProven: true } first] || !StreamNames.TrySplit(stream, out var session, out var call))
        {
            return null;
        }

        var source = EventView.ReadHead(first.Message).Text(EventField.Source) ?? "";
        var name = new SessionName(source, session);
        if (await past.CallAsync(name, call, AsOf.At(long.MaxValue), cancellation) is not { Item: var told })
        {
            return null;
        }

        var stored = await live.ReadAsync(
            async one => (
                Calls: await one.FindAsync(ReadTables.Calls, [new KeyColumn("id", [told.Call.Id])], cancellation),
                Messages: await one.FindAsync(
                    ReadTables.Transitions, [new KeyColumn("call", [told.Call.Id])], cancellation),
                Violations: await one.FindAsync(
                    ReadTables.Violations,
                    [new KeyColumn("position", told.Transitions.Select(message => message.Position))], cancellation)),
            cancellation);
        var what = !Same([told.Call], stored.Calls) ? "itself"
            : !Same(told.Transitions, stored.Messages) ? "messages"
            : !Same(told.Violations, stored.Violations) ? "violations"
            : null;
        return what is null ? null
            : $"The call {call} of the session {session} of {source} is another in the read models than in the journal "
                + $"({what}). {Mend}";
    }

    private static bool Same<T>(IEnumerable<T> one, IEnumerable<T> other) => Texts(one).SequenceEqual(Texts(other));

    private static IEnumerable<string> Texts<T>(IEnumerable<T> models) =>
        models.Select(ReadJson.Text).Order(StringComparer.Ordinal);

    private static IReadOnlyList<string> Shortened(List<string> wrong) => wrong.Count <= MostSentences
        ? wrong
        : [.. wrong.Take(MostSentences), $"Of the read models {wrong.Count - MostSentences} more rows differ."];
}

/// <summary>What was cut from the journal, and may stand in the read models until they are made anew.</summary>
/// <param name="Positions">Of its rows.</param>
/// <param name="Sessions">Of which some were cut, by the streams of their notes.</param>
public sealed record CutAway(IReadOnlySet<long> Positions, IReadOnlySet<string> Sessions)
{
    public static readonly CutAway Nothing = new(new HashSet<long>(), new HashSet<string>());
}
