using System.Collections.Concurrent;
using Audit.Api.Diary;
using Audit.Api.Reading;
using Audit.Integrity.Keeping;
using Audit.Integrity.Rows;
using Audit.Projections.Models;

namespace Audit.Api.Acting;

/// <summary>What keeps an erasure from being asked for, confirmed and carried out, looked at anew each time.</summary>
internal sealed class ErasureGuard(
    KeepingBook book, IAuditStore store, ReadSide reads, TimeProvider clock)
{
    /// <returns>Why not, in a sentence; null where nothing is in the way.</returns>
    public async Task<string?> WhyNotAsync(
        KeepingOrder order, KeepingState state, CancellationToken cancellation)
    {
        var streams = await StreamsAsync(order.What, cancellation);
        if (await book.FindHoldAsync(state, streams, cancellation) is { Hold: not null } held)
        {
            return held.Sentence;
        }

        await RequireModelsAsync(cancellation);
        return await WaitingAsync([.. streams], cancellation) ?? await OpenAsync(streams, cancellation);
    }

    /// <summary>Whether there is content that can be erased.</summary>
    public async Task<bool> HasContentAsync(string what, CancellationToken cancellation)
    {
        await store.Seal.Payloads.LoadAsync([what], cancellation);
        return store.Seal.Payloads.TryGet(new StreamKey(what), out var key) && key is not null
            && (what == StreamNames.PayloadOwner(what)
                || (await store.Journal.ReadStreamAsync(new StreamKey(what), 0, 1, cancellation)).Count > 0
                // What was cut is in an archive still, and its key where the archive's keys are.
                || await store.FindCutAsync([(what, what + '\u0001')], cancellation) is not null);
    }

    private async Task<List<string>> StreamsAsync(IEnumerable<string> what, CancellationToken cancellation)
    {
        var streams = new List<string>();
        foreach (var one in what)
        {
            streams.Add(one);
            if (one == StreamNames.PayloadOwner(one))
            {
                streams.AddRange(await store.StreamsOfAsync(one, cancellation));
            }
        }

        return streams;
    }

    /// <summary>What stands in the book by now is in the read models, or nobody judges by them.</summary>
    private async Task RequireModelsAsync(CancellationToken cancellation)
    {
        var end = await store.Journal.LastPositionAsync(cancellation);
        await reads.CatchUpAsync(Questions.Patience, cancellation);
        var known = await reads.Models.PositionAsync(cancellation);
        if (known < end)
        {
            throw new RefusedException(Problem.ReadModelsAway(
                $"The read models have the book up to position {known}, which ends at {end}: whether violations wait for "
                + "review, and which windows are open, is not known before. Ask again when they have all of it."));
        }
    }

    /// <summary>Nobody forgets what a person has yet to look at.</summary>
    private async Task<string?> WaitingAsync(HashSet<string> streams, CancellationToken cancellation)
    {
        var waiting = new ViolationFilter { Review = ReviewState.Waiting };
        var found = await FindAsync(
            page => reads.Models.ViolationsAsync(waiting, page, cancellation),
            one => one is { Source: { } source, SessionId: { } session, CallId: { } call }
                && streams.Contains(StreamNames.Call(new SessionName(source, session), call)));
        return found is null ? null
            : $"Violations of the call {found.CallId} in the session {found.SessionId} wait for review: "
                + "audit violations --unreviewed lists them.";
    }

    /// <summary>Nor what may have to be shown while access is open.</summary>
    private async Task<string?> OpenAsync(IReadOnlyList<string> streams, CancellationToken cancellation)
    {
        var filter = new WindowFilter { OpenAt = Timestamp.From(clock.GetUtcNow()) };
        var open = new List<WindowModel>();
        await FindAsync(
            page => reads.Models.WindowsAsync(filter, page, cancellation),
            window =>
            {
                open.Add(window);
                return false;
            });
        if (open.Count == 0)
        {
            return null;
        }

        await foreach (var facts in book.FactsAsync(streams, cancellation))
        {
            if (open.Find(one => facts.Tasks.Contains(one.Task ?? "") && facts.Agents.Contains(one.Agent ?? ""))
                is { } window)
            {
                return $"The window {window.WindowId} of the agent {window.Agent} for the task {window.Task} is open, "
                    + $"and {facts.Stream} is of both: it can be erased when the window is closed.";
            }
        }

        return null;
    }

    private static async Task<T?> FindAsync<T>(Func<PageRequest, Task<Page<T>>> read, Func<T, bool> isMeant)
    {
        for (var page = new PageRequest(PageRequest.MostItems); ;)
        {
            var found = await read(page);
            if (found.Items.FirstOrDefault(isMeant) is { } one)
            {
                return one;
            }

            if (found.Next is not { } next)
            {
                return default;
            }

            page = new PageRequest(PageRequest.MostItems, next);
        }
    }
}

/// <summary>Carries erasures out when they are due, and finishes what a node began that was ended meanwhile.</summary>
internal sealed class Erasures(
    KeepingBook book, ErasureGuard guard, IAuditStore store, ReadSide reads, OperatorActs acts, TimeProvider clock,
    FailureLog failures)
    : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1), PendingPause = TimeSpan.FromSeconds(5),
        PlaceAnswers = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, string> heldUp = new();

    // Directories that did not answer yet, and what of which places they were asked for.
    private readonly ConcurrentDictionary<string, (string Asked, Task<List<KeyPlace>> Looking)> looking = new();
    private BackgroundWork? work, forgetting;
    private DateTimeOffset triedPending;

    public void Start()
    {
        work = BackgroundWork.Every(Pause, clock, LookAsync);
        // Of its own: while this node carries one out for minutes, others end keys.
        forgetting = BackgroundWork.Every(Pause, clock, () => GuardedAsync(
            async () => await book.ReadAsync(CancellationToken.None)));
    }

    public async ValueTask DisposeAsync()
    {
        await (work?.DisposeAsync() ?? default);
        await (forgetting?.DisposeAsync() ?? default);
    }

    /// <summary>What keeps one that is due from being carried out, as it was looked at last.</summary>
    public string? HeldUp(string id) => heldUp.GetValueOrDefault(id);

    private async Task LookAsync()
    {
        HashSet<string> tried = [];
        for (var isMore = true; isMore;)
        {
            isMore = false;
            await GuardedAsync(async () =>
            {
                // Again before each: a hold may have been made while another was carried out.
                var state = await book.ReadAsync(CancellationToken.None);
                if (state.Orders.FirstOrDefault(one => !tried.Contains(one.Id) && IsDue(one)) is { } order)
                {
                    isMore = tried.Add(order.Id);
                    await CarryOutAsync(order, state);
                }
                else if (clock.GetUtcNow() - triedPending > PendingPause)
                {
                    triedPending = clock.GetUtcNow();
                    await ForgetPendingAsync(state.Orders);
                }
            });
        }
    }

    private async Task GuardedAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception failure)
        {
            // Whatever keeps one from being carried out keeps no other, and is tried again.
            failures.Report("erasures", failure);
        }
    }

    private bool IsDue(KeepingOrder one) =>
        one is { IsHold: false, IsDone: false, Due: { } due }
        && (one.IsOver || due <= Timestamp.From(clock.GetUtcNow()));

    /// <summary>
    /// Each step may be done twice: a node that ends in the middle is followed by another. Each event that ends keys is
    /// written only if nothing came into the book behind what was looked at: a hold that comes before it wins, and one
    /// that comes after it finds the content erased.
    /// </summary>
    private async Task CarryOutAsync(KeepingOrder order, KeepingState state)
    {
        if (!order.IsOver && await guard.WhyNotAsync(order, state, CancellationToken.None) is { } why)
        {
            heldUp[order.Id] = why;
            return;
        }

        heldUp.TryRemove(order.Id, out _);
        var (isBegun, isAsked) = (order.IsOver, !order.IsOver);
        foreach (var part in ErasedContent.PartsOf(ContentsOf(order).Where(one => !book.IsErased(one.What))))
        {
            while (await FreeOfAsync(part, isAsked, state) is { Count: > 0 } free)
            {
                if (await acts.TryWriteFactsAsync(
                    StreamNames.Keeping, ErasedContent.Act, OperatorActs.Node, ErasedContent.FactsOf(free).Single(),
                    state.Last))
                {
                    (isBegun, state) = (true, state with { Last = state.Last + 1 });
                    break;
                }

                if (!isBegun)
                {
                    // It is looked at again, with what came meanwhile.
                    return;
                }

                (isAsked, state) = (false, await book.ReadAsync(CancellationToken.None));
            }
        }

        await book.ReadAsync(CancellationToken.None);
        var erased = ErasedOf(order);
        await store.EndKeysAsync(ErasedContent.KeysOf(erased), CancellationToken.None);
        await reads.RebuildAsync(null, CancellationToken.None);
        await reads.Search.RebuildAsync(null, CancellationToken.None);
        await book.ReadAsync(CancellationToken.None);
        await ForgetAsync(order, erased, [.. book.KeyPlaces]);
    }

    /// <summary>
    /// What is not held, and was not erased by another node meanwhile. Before the first event all of it was asked for;
    /// what comes to be held after that stays out.
    /// </summary>
    private async Task<IReadOnlyCollection<ErasedContent>> FreeOfAsync(
        IReadOnlyCollection<ErasedContent> part, bool isAsked, KeepingState state)
    {
        part = [.. part.Where(one => !book.IsErased(one.What))];
        if (isAsked || (await HoldOfAsync(part)).Hold is null)
        {
            return part;
        }

        var free = new List<ErasedContent>();
        foreach (var one in part)
        {
            if ((await HoldOfAsync([one])).Hold is null)
            {
                free.Add(one);
            }
        }

        return free;

        Task<HoldFound> HoldOfAsync(IEnumerable<ErasedContent> contents) =>
            book.FindHoldAsync(state, [.. contents.Select(one => one.What)], CancellationToken.None);
    }

    /// <summary>Places that could not be reached when it was carried out may be by now.</summary>
    private async Task ForgetPendingAsync(IEnumerable<KeepingOrder> orders)
    {
        foreach (var order in orders.Where(one => one.Pending.Count > 0))
        {
            await ForgetAsync(order, ErasedOf(order), order.Pending);
        }
    }

    private async Task ForgetAsync(
        KeepingOrder order, IReadOnlyCollection<ErasedContent> erased, IReadOnlyCollection<string> places)
    {
        var what = KeepingOrder.DigestOf(erased.Select(one => one.What));
        // Places of one path would take its lock from each other, and so are looked at in turn.
        var unreached = (await Task.WhenAll(places.SelectMany(book.PlacesOf).Distinct()
            .GroupBy(place => Path.TrimEndingDirectorySeparator(place.Path)).Select(ForgetThereAsync)))
            .SelectMany(left => left).Select(place => place.Name).ToHashSet();
        var forgotten = places.Where(place => !unreached.Contains(place)).ToHashSet();

        // Another node may have reached other places meanwhile, and written what is pending since.
        for (var isWritten = false; !isWritten;)
        {
            var state = await book.ReadAsync(CancellationToken.None);
            var known = state.Orders.First(one => one.Id == order.Id);
            var left = known.IsDone ? known.Pending : places;
            var pending = left.Where(place => !forgotten.Contains(place)).ToList();
            isWritten = (known.IsDone && pending.Count == known.Pending.Count) || await acts.TryWriteFactsAsync(
                StreamNames.Keeping, KeepingBook.Done, OperatorActs.Node,
                json =>
                {
                    json.WriteString("id", order.Id);
                    json.WriteTexts("pending", pending);
                    json.WriteTexts("held", order.What.Where(what => !book.IsErased(what)));
                },
                state.Last);
        }

        // One that hangs, as a share of a network may, is pending and keeps nobody waiting.
        async Task<IEnumerable<KeyPlace>> ForgetThereAsync(IGrouping<string, KeyPlace> there)
        {
            var isAsked = looking.TryRemove(there.Key, out var asked);
            if (isAsked && !asked.Looking.IsCompleted)
            {
                looking[there.Key] = asked;
                return there;
            }

            var now = string.Join(
                '\n', [order.Id, what, .. there.Select(place => place.Name).Order(StringComparer.Ordinal)]);
            if (!isAsked || asked.Asked != now)
            {
                asked = (now, Task.Factory.StartNew(
                    () => there.Where(place => !TryForget(place, erased)).ToList(), CancellationToken.None,
                    TaskCreationOptions.LongRunning, TaskScheduler.Default));
            }

            if (await Task.WhenAny(asked.Looking, Task.Delay(PlaceAnswers)) == asked.Looking)
            {
                return await asked.Looking;
            }

            looking[there.Key] = asked;
            return there;
        }
    }

    /// <summary>On a thread that may wait: of a place that answers late the keys of then are asked for.</summary>
    private bool TryForget(KeyPlace place, IReadOnlyCollection<ErasedContent> erased)
    {
        try
        {
            var owners = erased.Select(one => one.Owner).Distinct();
            return KeyBackup.TryForget(
                place.Path, erased,
                () => store.KeysOfAsync(owners, CancellationToken.None).GetAwaiter().GetResult(), store.Keys, place.Id);
        }
        catch (Exception failure)
        {
            // Whatever is wrong with a place, it is pending, and keeps nothing else from being done.
            failures.Report("key backups", failure);
            return false;
        }
    }

    private List<ErasedContent> ErasedOf(KeepingOrder order) =>
        [.. ContentsOf(order).Where(one => book.IsErased(one.What))];

    private List<ErasedContent> ContentsOf(KeepingOrder order) =>
    [
        .. order.What.Select(what => new ErasedContent(
            order.Id, what, order.Person, order.Second!.Value.Person, clock.GetUtcNow(), 0)),
    ];
}
