using Audit.Api.Reading;

namespace Audit.Api.Log;

/// <summary>
/// Sees whether the engine gets on with what it was given, and whether anything could be committed now. What waits
/// behind a store that stands still is answered before whoever sent it gives up.
/// </summary>
internal sealed class CommitWatch : IDisposable
{
    /// <summary>So long after a commit nobody need try one.</summary>
    private const int FreshMilliseconds = 1_000;

    private const int GlanceMilliseconds = 250;

    /// <summary>How long who asks for readiness waits for a commit.</summary>
    private static readonly TimeSpan AskPatience = TimeSpan.FromSeconds(3);

    private readonly Lock gate = new();
    private readonly IAuditEngine engine;
    private readonly IJournal journal;
    private readonly FailureLog failures;
    private readonly TimeSpan patience;
    private readonly Timer glances;
    private TaskCompletionSource stalled = NewSource();
    private Task<JournalUnavailableException?> trial = Task.FromResult<JournalUnavailableException?>(null);
    private long triedAt = long.MinValue / 2;
    private long committedAt = long.MinValue / 2;
    private long commits;
    private long inWork;
    private long progressedAt;

    /// <param name="patience">How long nothing may be finished while something waits.</param>
    public CommitWatch(IAuditEngine engine, IJournal journal, FailureLog failures, TimeSpan patience)
    {
        (this.engine, this.journal, this.failures, this.patience) = (engine, journal, failures, patience);
        glances = new Timer(_ => Look(), null, GlanceMilliseconds, GlanceMilliseconds);
    }

    /// <summary>How often the store stood still; what was submitted before may be read by the engine still.</summary>
    public long Stalls { get; private set; }

    public async Task<Receipt[]> AwaitAsync(Task<Receipt[]> receipts)
    {
        Task still;
        lock (gate)
        {
            if (inWork++ == 0)
            {
                progressedAt = Environment.TickCount64;
            }

            still = stalled.Task;
        }

        var followed = FollowAsync(receipts);
        return await Task.WhenAny(followed, still) == followed ? await followed : throw Stalled();
    }

    /// <exception cref="JournalUnavailableException">The store stands still.</exception>
    public void RequireProgress()
    {
        lock (gate)
        {
            if (stalled.Task.IsCompleted)
            {
                throw Stalled();
            }
        }
    }

    /// <returns>Why nothing can be committed now; null when something was.</returns>
    public async Task<JournalUnavailableException?> TroubleAsync(CancellationToken cancellation)
    {
        Task<JournalUnavailableException?> asked;
        lock (gate)
        {
            var now = Environment.TickCount64;
            if (now - committedAt < FreshMilliseconds)
            {
                return null;
            }

            if (trial.IsCompleted && now - triedAt >= FreshMilliseconds)
            {
                trial = TryAsync();
            }

            asked = trial;
        }

        try
        {
            return await asked.WaitAsync(AskPatience, cancellation);
        }
        catch (TimeoutException)
        {
            return Stalled();
        }
    }

    public void Dispose() => glances.Dispose();

    private async Task<JournalUnavailableException?> TryAsync()
    {
        try
        {
            await journal.TryCommitAsync(CancellationToken.None);
            return null;
        }
        catch (JournalUnavailableException failure)
        {
            failures.Report("question whether the journal commits", failure);
            return failure;
        }
        catch (ObjectDisposedException closed)
        {
            return new JournalUnavailableException("The store is closed.", closed);
        }
        finally
        {
            triedAt = Environment.TickCount64;
        }
    }

    private async Task<Receipt[]> FollowAsync(Task<Receipt[]> receipts)
    {
        try
        {
            return await receipts;
        }
        finally
        {
            lock (gate)
            {
                inWork--;
                progressedAt = Environment.TickCount64;
                stalled = stalled.Task.IsCompleted ? NewSource() : stalled;
            }
        }
    }

    private void Look()
    {
        var made = engine.Stats.Commits;
        TaskCompletionSource? still = null;
        lock (gate)
        {
            var now = Environment.TickCount64;
            (commits, committedAt) = (made, made == commits ? committedAt : now);
            if (inWork > 0 && now - progressedAt > patience.TotalMilliseconds && !stalled.Task.IsCompleted)
            {
                still = stalled;
                Stalls++;
            }
        }

        if (still?.TrySetResult() == true)
        {
            failures.Report("engine that does not get on", Stalled());
        }
    }

    private static JournalUnavailableException Stalled() => new(
        "The journal was asked to commit and goes on without a word; what was sent may be committed still, and may be "
        + "sent again.", null, JournalTrouble.Stalled);

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>
/// Takes nothing while the journal is not the one that is remembered, or stands still; and lets nobody wait for ever.
/// </summary>
internal sealed class GuardedEngine(
    IAuditEngine engine, SetBackGuard guard, CommitWatch watch, SessionOwners owners) : IAuditEngine
{
    public EngineStats Stats => engine.Stats;

    public Task<Receipt[]> SubmitAsync(IReadOnlyList<Submission> batch, CancellationToken cancellation)
    {
        try
        {
            guard.RequireWhole();
            watch.RequireProgress();
        }
        catch (JournalUnavailableException failure)
        {
            return Task.FromException<Receipt[]>(failure);
        }

        if (guard.TakesNothing is { } why && batch.Any(one => one is not OperatorSubmission))
        {
            return Task.FromResult(batch.Select(_ => new Receipt(ReceiptStatus.Refused, Error: why)).ToArray());
        }

        var receipts = SessionOwners.AreAsked(batch)
            ? owners.SubmitAsync(engine, batch, cancellation)
            : engine.SubmitAsync(batch, cancellation);
        return receipts.IsCompleted ? receipts : watch.AwaitAsync(receipts);
    }

    public ValueTask DisposeAsync() => engine.DisposeAsync();
}

/// <summary>
/// Whose a session is: a token that is bound to agents or tasks begins, ends and takes up none that another one's
/// messages began. What the session's calls named is in other streams than its notes, so the read models are asked.
/// </summary>
internal sealed class SessionOwners(ReadSide reads)
{
    private const string OutsideBinding = CallBounds.Outside + ": the session is of another agent or task";

    public static bool AreAsked(IReadOnlyList<Submission> batch)
    {
        for (var index = 0; index < batch.Count; index++)
        {
            if (IsAsked(batch[index]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Submits what its tokens may say, and refuses the rest.</summary>
    public async Task<Receipt[]> SubmitAsync(
        IAuditEngine engine, IReadOnlyList<Submission> batch, CancellationToken cancellation)
    {
        await reads.CatchUpAsync(Questions.Patience, cancellation);
        var (receipts, own) = (new Receipt[batch.Count], new List<int>(batch.Count));
        for (var index = 0; index < batch.Count; index++)
        {
            if (IsAsked(batch[index]) && !await MayMoveAsync((NoteSubmission)batch[index], cancellation))
            {
                receipts[index] = new Receipt(ReceiptStatus.Refused, Error: OutsideBinding);
            }
            else
            {
                own.Add(index);
            }
        }

        var given = own.Count == 0 ? []
            : await engine.SubmitAsync([.. own.Select(index => batch[index])], cancellation);
        for (var index = 0; index < given.Length; index++)
        {
            receipts[own[index]] = given[index];
        }

        return receipts;
    }

    private static bool IsAsked(Submission submission) =>
        submission is NoteSubmission { Bounds.AreNone: false } note
        && SessionTurns.Of(Encoding.UTF8.GetBytes(note.Note.Type)) != SessionTurn.None;

    private async Task<bool> MayMoveAsync(NoteSubmission note, CancellationToken cancellation) =>
        await reads.Models.SessionAsync(note.Session, cancellation) is not { } session
        || note.Bounds.Allow(session.Agents.Names.FirstOrDefault(), session.Tasks.Names.FirstOrDefault());
}
