using Audit.Projections.Folding;

namespace Audit.Projections.Feeding;

/// <summary>Feeds a store as long as this node lives, or stands by while another node does.</summary>
/// <param name="offset">The name of the offset that is moved.</param>
/// <param name="what">What is fed, as sentences name it.</param>
internal abstract class Feed<TStatus>(
    IReadStore store, ReadSideOptions options, string offset, string what, TStatus starting) : IAsyncDisposable
    where TStatus : ProjectionStatus
{
    private const int LongestSentence = 2_000;

    private static readonly TimeSpan StandBy = TimeSpan.FromSeconds(1);

    /// <summary>Of more rows than this nobody waits for the end: they are those of a flood, or of a rebuild.</summary>
    private const int Near = 2_000;

    /// <summary>The longest wait for what will not be there soon.</summary>
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(150);

    /// <summary>How often a node asks how far another one is.</summary>
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(10);

    private readonly CancellationTokenSource stop = new();
    private volatile CancellationTokenSource? round;
    private readonly SemaphoreSlim nudge = new(0);
    private Task work = Task.CompletedTask;
    private volatile TStatus status = starting;
    private ReadOffset stands;
    private TaskCompletionSource? changed;

    public TStatus Status
    {
        get => status;
        protected set
        {
            status = value;
            Interlocked.Exchange(ref changed, null)?.SetResult();
        }
    }

    protected CancellationToken Stopping => (round ?? stop).Token;

    /// <summary>Begins again with what the store says, and with nothing of what is remembered of it.</summary>
    public void BeginAgain()
    {
        try
        {
            round?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It begins again just now.
        }
    }

    protected Following Following { get; } = new(options.Limits);

    /// <summary>
    /// Where the store stood when it was last looked at. Fed from there, a store that was made anew meanwhile is
    /// noticed, also where nothing more comes.
    /// </summary>
    protected ReadOffset Stands => stands;

    /// <summary>Looks again at once: something was done about a halt.</summary>
    public void Nudge() => nudge.Release();

    /// <summary>Waits until everything up to a position is in the store.</summary>
    /// <exception cref="ReadModelsException">The feed has halted before it.</exception>
    public async Task WaitForAsync(long position, CancellationToken cancellation)
    {
        while (status.Position < position)
        {
            var change = NextChange();
            if (status.Position >= position)
            {
                return;
            }

            if (status is { State: ProjectionState.Halted } halted)
            {
                throw new ReadModelsException($"The {what} halted before position {position}: {halted.Sentence}");
            }

            await Following.HurriedAsync(change.WaitAsync(cancellation));
        }
    }

    /// <summary>
    /// Waits no longer than so long until everything up to a position is in the store, whoever feeds it; and only a
    /// moment when that is far, or the store is away.
    /// </summary>
    public async Task CatchUpAsync(long position, TimeSpan longest, CancellationToken cancellation)
    {
        var began = Environment.TickCount64;
        while (position - await KnownPositionAsync(cancellation) is > 0 and var missing)
        {
            var change = NextChange();
            var known = status;
            var isSoon = missing <= Near && known.State != ProjectionState.Away;
            var left = (isSoon || longest < Moment ? longest : Moment)
                - TimeSpan.FromMilliseconds(Environment.TickCount64 - began);
            if (known.State == ProjectionState.Halted || left <= TimeSpan.Zero)
            {
                return;
            }

            if (known.State != ProjectionState.Projecting)
            {
                await Task.Delay(Glance, cancellation);
            }
            else if (known.Position < position)
            {
                await Following.HurriedAsync(change.WaitAsync(left, cancellation))
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Looks whether the journal still has the row at which the store stands.</summary>
    /// <returns>The position of the row that is gone or another one; null where it is there.</returns>
    public async Task<long?> FindLostAsync(IJournal journal, CancellationToken cancellation)
    {
        // Of whatever version: which row it has come to is a row of the journal.
        var row = await store.PeekAsync(
            session => OffsetRow.ReadAsync(session, offset, cancellation), cancellation);
        try
        {
            await JournalFeed.CheckAsync(journal, row.Offset, cancellation);
            return null;
        }
        catch (WentBackException back)
        {
            return back.Position;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
        nudge.Dispose();
    }

    /// <summary>To be called once, by a constructor when it has all it needs.</summary>
    protected void Begin() => work = Task.Run(WorkAsync);

    /// <summary>Feeds the store until something is in the way.</summary>
    protected abstract Task FeedAsync(IReadLead lead);

    /// <summary>The status with all that the store says of it.</summary>
    protected abstract Task<TStatus> CompleteAsync(ProjectionStatus known, IReadSession session);

    /// <param name="createdTicks">When the last event that was written was made.</param>
    protected TStatus Advanced(ReadOffset to, long createdTicks)
    {
        stands = to;
        var lag = options.Clock.GetUtcNow().UtcTicks - createdTicks;
        return status with
        {
            State = ProjectionState.Projecting,
            Position = to.Position,
            HaltedAt = null,
            Sentence = null,
            Lag = TimeSpan.FromTicks(Math.Max(lag, 0)),
        };
    }

    private async Task WorkAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await LeadOrFollowAsync();
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception trouble)
            {
                // Whatever it is, what was not committed is read again from the journal.
                options.Failures.Report($"{what} feed", trouble);
                Status = status with { State = ProjectionState.Away, Sentence = trouble.Message };
                await PauseAsync(StandBy);
            }
        }
    }

    private async Task LeadOrFollowAsync()
    {
        var lead = await store.TryLeadAsync(stop.Token);
        if (lead is null)
        {
            await LookAsync(ProjectionState.Following, TimeSpan.Zero);
            await PauseAsync(StandBy);
            return;
        }

        await using (lead)
        {
            while (true)
            {
                await LookAsync(ProjectionState.Projecting, status.Lag);
                await LeadAsync(lead);
            }
        }
    }

    /// <summary>Returns when something stopped it that is worth another try on the same connection.</summary>
    private async Task LeadAsync(IReadLead lead)
    {
        using var current = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        round = current;
        try
        {
            await FeedAsync(lead);
        }
        catch (OperationCanceledException) when (current.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            // The store was made anew, and may stand where the one before stood.
        }
        catch (PoisonException poison)
        {
            await HaltAsync(poison.Position, poison);
        }
        catch (WentBackException back)
        {
            await HaltAsync(back.Position, back);
        }
        catch (OffsetMovedException)
        {
            // The store was swapped for one that was rebuilt: it says itself how far it is.
        }
        finally
        {
            // What is asked between two rounds is none of either.
            round = null;
        }
    }

    /// <summary>Reads from the store how far it is.</summary>
    private async Task LookAsync(ProjectionState state, TimeSpan lag) => Status = await store.ReadAsync(
        async session =>
        {
            var row = await OffsetRow.ReadAsync(session, offset, stop.Token);
            stands = row.Offset;
            var known = new ProjectionStatus(
                row.HaltedAt is null ? state : ProjectionState.Halted, row.Offset.Position, row.HaltedAt, row.Sentence,
                lag);
            return await CompleteAsync(known, session);
        },
        stop.Token);

    /// <summary>Notes in the store what is in the way.</summary>
    private async Task HaltAsync(long position, Exception cause)
    {
        var message = cause.Message;
        var sentence = message[..ShortText.LengthOf(message, LongestSentence)].Replace('\0', ' ');
        options.Failures.Report($"{what} halt", cause);
        // Stored before it is shown: what somebody who saw it does about it is not undone by this, nor a store that was
        // made anew meanwhile called halted.
        var halted = OffsetRow.Halt(offset, stands, position, sentence);
        if (await store.ExecuteAsync(OffsetRow.HaltSql, halted, stop.Token) == 0)
        {
            return;
        }

        Status = status with { State = ProjectionState.Halted, HaltedAt = position, Sentence = sentence };

        // Looked at again now and then, for another node may have been asked to do something about it.
        await PauseAsync(options.Limits.Patience);
    }

    /// <summary>A node that does not feed the store itself learns of its position only by asking.</summary>
    private async ValueTask<long> KnownPositionAsync(CancellationToken cancellation) =>
        status is { State: ProjectionState.Projecting } own
            ? own.Position
            : await store.ReadAsync(
                async session => (await OffsetRow.ReadAsync(session, offset, cancellation)).Offset.Position,
                cancellation);

    /// <summary>Completed by the next change of the status; to be taken before the status is looked at.</summary>
    private Task NextChange()
    {
        var next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return (Interlocked.CompareExchange(ref changed, next, null) ?? next).Task;
    }

    private async Task PauseAsync(TimeSpan longest)
    {
        try
        {
            await nudge.WaitAsync(longest, stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The loop sees for itself that it is to end.
        }
    }
}
