using FsCheck;
using FsCheck.Fluent;

namespace Audit.Projections.Tests;

/// <summary>For random histories the read models are the fold of the journal, at every position and however it is cut.</summary>
public sealed class ReadLaws
{
    private static readonly FeedLimits Whole = new() { RejudgedAtOnce = 3 };

    [Fact]
    public void any_cut_into_batches_gives_the_same_rows_and_any_prefix_gives_those_of_the_prefix() => Law.HoldsAnew(
        Prop.ForAll(
            History.Any, Gen.Choose(1, 9).ToArbitrary(), Gen.Choose(0, 100).ToArbitrary(),
            (history, size, percent) => Run(history, (journal, place) => CutsAgreeAsync(journal, place, size, percent))), runs: 60);

    [Fact]
    public void the_state_of_a_call_is_what_the_law_folds_from_its_stream() => Law.HoldsAnew(
        Prop.ForAll(
            History.Any, Gen.Choose(1, 9).ToArbitrary(),
            (history, size) => Run(history, (journal, place) => LawAgreesAsync(journal, place, size))), runs: 60);

    [Fact]
    public void the_past_is_what_the_read_models_said_then() => Law.HoldsAnew(
        Prop.ForAll(
            History.Any, Gen.Choose(0, 100).ToArbitrary(),
            (history, percent) => Run(history, (journal, place) => PastAgreesAsync(journal, place, percent))), runs: 60);

    private static async Task CutsAgreeAsync(IJournal journal, TemporaryDirectory place, int size, int percent)
    {
        var cut = await journal.LastPositionAsync(default) * percent / 100;
        var limits = new FeedLimits { Rows = size, RejudgedAtOnce = 2 };
        await using var incremental = ReadSide.StoreOf("sqlite:" + place.File("incremental.db"));
        await FeedAsync(incremental, new JournalUpTo(journal, cut), limits);
        Assert.Equal(await FromScratchAsync(new JournalUpTo(journal, cut), place), await Dump.OfAsync(incremental));
        await FeedAsync(incremental, journal, limits);
        Assert.Equal(await FromScratchAsync(journal, place), await Dump.OfAsync(incremental));
    }

    private static async Task LawAgreesAsync(IJournal journal, TemporaryDirectory place, int size)
    {
        await using var store = ReadSide.StoreOf("sqlite:" + place.File("read.db"));
        await FeedAsync(store, journal, new FeedLimits { Rows = size });
        var models = new ReadModels(store);
        var rows = await journal.ReadAfterAsync(0, 100_000, long.MaxValue, default);
        foreach (var stream in rows.Where(row => row.PersistenceId.StartsWith("call|", StringComparison.Ordinal)).GroupBy(row => row.PersistenceId))
        {
            var law = stream.Aggregate(CallHistory.Empty, (history, row) => CallEvolution.Evolve(history, EventReader.ReadCall(row)));
            var parts = stream.Key.Split('|');
            var view = (await models.CallAsync(new SessionName(parts[1], parts[2]), parts[3], default))!;
            Assert.Equal((law.Standing.State, law.Standing.Attempt), (view.Call.State, view.Call.Attempt));
            Assert.Equal((law.Sequence, law.Flooded), (view.Call.Sequence, view.Call.Flooded));
            Assert.Equal(
                (law.Standing.Asked, law.Standing.Approval), (view.Call.Asked, view.Call.Approval));
            Assert.Equal(
                (law.Standing.IsWaiting, law.Standing.EndsAt, law.Standing.FirstBy),
                (view.Call.IsWaiting, view.Call.EndsAt, view.Call.FirstBy));
            if (law.Judged == view.Call.Messages)
            {
                Assert.Equal((law.Standing.TaskId, law.Standing.ToolName), (view.Call.Task, view.Call.Tool));
            }

            var verdicts = law.Judged == 0 ? [] : Judge.Of(law.JudgedByArrival()).Verdicts;
            var judged = view.Transitions.Where(one => !one.Oversized && (one.Lifted || Entry.WeightOf(one.Cause) == EntryWeight.Judged));
            Assert.Equal(
                verdicts.Select(verdict => (verdict.From, verdict.To, verdict.Attempt, verdict.Anomalies, verdict.IsViolation)),
                judged.Select(one => (one.From, one.To, one.Attempt, one.Anomalies, one.Cause != ViolationCause.None && !one.Lifted)));
        }
    }

    private static async Task PastAgreesAsync(IJournal journal, TemporaryDirectory place, int percent)
    {
        var cut = await journal.LastPositionAsync(default) * percent / 100;
        await using var now = ReadSide.StoreOf("sqlite:" + place.File("now.db"));
        await FeedAsync(now, journal, Whole);
        await using var then = ReadSide.StoreOf("sqlite:" + place.File("then.db"));
        await FeedAsync(then, new JournalUpTo(journal, cut), Whole);
        var (models, travel, asOf) = (new ReadModels(then), new PastModels(now, journal), AsOf.At(cut));
        var all = new PageRequest(PageRequest.MostItems);
        foreach (var session in (await new ReadModels(now).SessionsAsync(all, default)).Items.Select(session => session.SessionId))
        {
            Same(await models.SessionAsync(Say.Named(session), default), (await travel.SessionAsync(Say.Named(session), asOf, default))?.Item.Session);
            foreach (var call in (await new ReadModels(now).CallsAsync(Say.Named(session), all, default))!.Items.Select(call => call.CallId))
            {
                var (known, refolded) = (await models.CallAsync(Say.Named(session), call, default), (await travel.CallAsync(Say.Named(session), call, asOf, default))?.Item);
                Same(known?.Call, refolded?.Call);
                Same(known?.Transitions, refolded?.Transitions.OrderBy(one => one.Sequence).ToList());
            }
        }

        foreach (var task in new[] { "t-1", "t-2" })
        {
            var refolded = (await travel.TaskAsync(task, asOf, default))?.Item;
            var calls = new List<CallModel>();
            foreach (var judgement in Enum.GetValues<WindowJudgement>())
            {
                calls.AddRange((await models.CallsOfTaskAsync(task, judgement, all, default)).Items);
            }

            Same(calls.OrderByDescending(call => call.Id).ToList(), refolded?.Calls ?? []);
            Same((await models.TaskAsync(task, default))?.Windows ?? [], refolded?.Windows ?? []);
        }

        foreach (var window in new[] { "w0", "w1", "w2" })
        {
            var (known, refolded) = (await models.WindowAsync(window, all, default), (await travel.WindowAsync(window, asOf, default))?.Item);
            Same(known?.Window, refolded?.Window);
            Same(known?.Done.Items, refolded?.Done);
            Same(known?.Marked, refolded?.Marked);
            Same(
                known?.Late.Select(late => (late.Session, late.Messages, late.FirstAt, late.LastAt, late.LateBy).ToString()),
                refolded?.Late.Select(late => (late.Session, late.Messages, late.FirstAt, late.LastAt, late.LateBy).ToString()));
        }
    }

    private static void Same<T>(T? expected, T? actual) =>
        Assert.Equal(System.Text.Json.JsonSerializer.Serialize(expected), System.Text.Json.JsonSerializer.Serialize(actual));

    private static async Task<string[]> FromScratchAsync(IJournal journal, TemporaryDirectory place)
    {
        var path = "sqlite:" + place.File($"scratch-{Guid.NewGuid():N}.db");
        await using var store = ReadSide.StoreOf(path);
        await FeedAsync(store, journal, Whole);
        return await Dump.OfAsync(store);
    }

    private static async Task FeedAsync(IReadStore store, IJournal journal, FeedLimits limits)
    {
        await using var lead = (await store.TryLeadAsync(default))!;
        await new Pipeline(journal, limits).RunAsync(lead, null, follow: null, _ => { }, default);
    }

    private static bool Run(History history, Func<IJournal, TemporaryDirectory, Task> check)
    {
        RunAsync(history, check).GetAwaiter().GetResult();
        return true;
    }

    private static async Task RunAsync(History history, Func<IJournal, TemporaryDirectory, Task> check)
    {
        using var place = new TemporaryDirectory();
        await using var store = await AuditStore.OpenAsync("sqlite:" + place.File("journal.db"), TestKeys.Given, default);
        await using (var engine = new LocalEngine(store.Journal, store.Seal, new EngineOptions(), TimeProvider.System))
        {
            foreach (var chunk in history.Items.Chunk(5))
            {
                await engine.SubmitAsync(chunk, default);
            }
        }

        await check(store.Opened, place);
    }
}
