using System.Diagnostics;
using Audit.Api.Diary;
using Audit.Api.Log;
using Audit.Integrity.Keeping;
using Audit.Integrity.Rows;
using Audit.Storage.Postgres;

namespace Audit.Api.Acting;

/// <summary>The rules of retention and what went by them, as the book has it.</summary>
internal sealed class RetentionBook(IAuditStore store)
{
    public const string Adopted = "retention.adopted", Confirmed = "retention.confirmed";

    private readonly SemaphoreSlim turn = new(1);
    private readonly ActReader acts = new(store.Opened);
    private readonly SortedDictionary<long, DisposalAnswer> disposals = [];
    private readonly Dictionary<long, DisposedRows> said = [];
    private readonly Dictionary<long, (long Position, string Leaves)> ends = [];
    private readonly SortedDictionary<long, long> keys = [];
    private readonly HashSet<string> archived = [];
    private RetentionRules? rules;
    private long ended;
    private long forgotten;
    private long ruled;

    public async Task<RetentionState> ReadAsync(CancellationToken cancellation)
    {
        await turn.WaitAsync(cancellation);
        try
        {
            await acts.ReadOnAsync(StreamNames.Keeping, Take, cancellation);
            if (keys.Count > 0)
            {
                // Whichever node ends them: what was read since may be from before the keys' end.
                store.Seal.Payloads.Forget();
            }

            return new RetentionState(
                rules, [.. disposals.Values.Reverse()], said.ToDictionary(), ends.ToDictionary(), [.. keys],
                ended > forgotten ? ended : null, archived.ToHashSet(), ruled, acts.ReadTo(StreamNames.Keeping));
        }
        finally
        {
            turn.Release();
        }
    }

    private void Take(long position, EventView view)
    {
        var act = view.Text(EventField.Act);
        if (view.Raw(EventField.Facts).IsEmpty || act is null)
        {
            return;
        }

        var facts = JsonElement.Parse(view.Raw(EventField.Facts));
        var by = view.Text(EventField.Token) ?? "";
        switch (act)
        {
            case Adopted:
                // Without its text, which is the event's content, a version is none.
                var text = view.Raw(EventField.Detail) is { IsEmpty: false } detail
                    ? JsonElement.Parse(detail).GetProperty("text").GetString()! : "";
                ruled = position;
                rules = new RetentionRules(
                    new RetentionAnswer(facts.GetProperty("version").GetString()!, text, by, null),
                    facts.GetProperty("person").GetString()!, view.RequiredTime(EventField.ReceivedAt), position);
                break;
            case Confirmed when Number(DisposedRows.NumberMember) == rules?.Position:
                rules = rules! with { Answer = rules.Answer with { ConfirmedBy = by } };
                break;
            case KeepingBook.HoldAdded:
                ruled = position;
                break;
            case TakenBackup.Archived:
                archived.Add(facts.GetProperty("sha256").GetString() ?? "");
                break;
            case DisposedRows.Act:
                var rows = DisposedRows.Of(facts);
                disposals[position] = new DisposalAnswer(
                    position, view.RequiredTime(EventField.ReceivedAt).ToString(), rows.Segment, rows.Sha256, rows.Rows,
                    rows.To, rows.Version, rows.AdoptedBy, rows.ConfirmedBy, null);
                said[position] = rows;
                break;
            case DisposedRows.Done when disposals.TryGetValue(Number(DisposedRows.NumberMember), out var known):
                disposals[known.Position] = known with { Cut = Number(DisposedRows.CutMember) };
                (ended, keys[position]) = (position, known.Position);
                ends[known.Position] = (position, facts.GetProperty(DisposedRows.LeavesMember).GetString() ?? "");
                break;
            case DisposedRows.KeysEnded:
                foreach (var one in keys.Keys.Where(one => one <= Number(DisposedRows.ThroughMember)).ToList())
                {
                    keys.Remove(one);
                }

                store.Seal.Payloads.Forget();
                break;
            case DisposedRows.Forgotten:
                forgotten = Number(DisposedRows.ThroughMember);
                break;
        }

        long Number(string name) => facts.GetProperty(name).GetInt64();
    }
}

/// <summary>The rules that were adopted last.</summary>
/// <param name="Person">Who adopted them, with the token that the answer names.</param>
/// <param name="Position">Of the event: who confirms them means these, and not the same ones of somebody else.</param>
internal sealed record RetentionRules(RetentionAnswer Answer, string Person, Timestamp At, long Position);

/// <param name="Said">What goes, or went, by the positions of the events.</param>
/// <param name="Ends">Of what is said to be gone: by which event, and the digest over its leaves.</param>
/// <param name="Keys">The ends of cuts whose keys stand still, each with the event that it is of.</param>
/// <param name="Forget">The last end of a cut, as long as read models and index may have rows of it still.</param>
/// <param name="Archived">The digests of the segments that the book knows of.</param>
/// <param name="Ruled">The last act that may keep something: rules, or a hold.</param>
/// <param name="Last">The last number of the stream of these acts.</param>
internal sealed record RetentionState(
    RetentionRules? Rules, IReadOnlyList<DisposalAnswer> Disposals, IReadOnlyDictionary<long, DisposedRows> Said,
    IReadOnlyDictionary<long, (long Position, string Leaves)> Ends, IReadOnlyList<KeyValuePair<long, long>> Keys,
    long? Forget, IReadOnlySet<string> Archived, long Ruled, long Last);

/// <summary>
/// Ends the keys of what was cut, whatever the read models do, and makes read models and index anew, so that they
/// forget it. Each step may be done twice, and says up to which end of a cut it was done: what is cut meanwhile is
/// done again.
/// </summary>
internal sealed class Forgetting(
    RetentionBook book, IAuditStore store, ReadSide reads, SetBackGuard guard, OperatorActs acts, TimeProvider clock,
    FailureLog failures)
    : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1), LongestRest = TimeSpan.FromMinutes(10);

    private BackgroundWork? ending, forgetting;

    public void Start()
    {
        ending = Every(EndKeysAsync);
        // Of its own: no key waits for what is made anew, which takes long and has no haste.
        forgetting = Every(ForgetAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await (ending?.DisposeAsync() ?? default);
        await (forgetting?.DisposeAsync() ?? default);
    }

    /// <summary>Each node lets go of keys that end by reading the book; one at a time ends them.</summary>
    private async Task EndKeysAsync(CancellationToken cancellation)
    {
        if ((await book.ReadAsync(cancellation)).Keys.Count == 0)
        {
            return;
        }

        await using var lead = await store.TryHoldAsync(AdvisoryLock.KeyRetiring, cancellation);
        if (lead is null || (await book.ReadAsync(cancellation)).Keys is not [.., var last] keys)
        {
            return;
        }

        foreach (var disposal in keys.Select(one => one.Value).Distinct())
        {
            await store.RetireKeysAsync(disposal, cancellation);
        }

        await SayAsync(DisposedRows.KeysEnded, last.Key);
    }

    /// <summary>By the node that feeds the read models, for it remembers what it made of them.</summary>
    private async Task ForgetAsync(CancellationToken cancellation)
    {
        // What they remember of a journal that was set back is how anybody knows what it lacks.
        if (guard.IsSetBack || (await book.ReadAsync(cancellation)).Forget is not { } through
            || !await IsFeedingAsync(cancellation))
        {
            return;
        }

        await reads.ForgetAsync(cancellation);
        await SayAsync(DisposedRows.Forgotten, through);
    }

    /// <summary>Also where they stand at a row that was cut, and so find that it is gone.</summary>
    private async Task<bool> IsFeedingAsync(CancellationToken cancellation) => reads.Status switch
    {
        { State: ProjectionState.Projecting } => true,
        { State: ProjectionState.Halted, HaltedAt: { } at } =>
            await store.Journal.IsCutAsync(at, cancellation),
        _ => false,
    };

    private BackgroundWork Every(Func<CancellationToken, Task> act) => BackgroundWork.Every(
        Pause, clock, async cancellation =>
        {
            var begun = Stopwatch.GetTimestamp();
            try
            {
                await act(cancellation);
            }
            catch (Exception failure)
            {
                // Where the node stops, the next one goes on with it.
                if (!cancellation.IsCancellationRequested)
                {
                    failures.Report("forgetting what was cut", failure);
                    // What failed late fails as late again: a disk that is too small for it is not kept busy.
                    var took = Stopwatch.GetElapsedTime(begun);
                    await Task.Delay(took < LongestRest ? took : LongestRest, cancellation)
                        .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            }
        });

    private Task<long> SayAsync(string act, long through) => acts.WriteFactsAsync(
        StreamNames.Keeping, act, OperatorActs.Node,
        json => json.WriteNumber(DisposedRows.ThroughMember, through));
}
