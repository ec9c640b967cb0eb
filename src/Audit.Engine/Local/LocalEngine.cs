using Audit.Journal;
using Audit.Lifecycle;

namespace Audit.Engine.Local;

/// <summary>The engine that needs nothing but a journal: keyed actors in shards of one process.</summary>
public sealed class LocalEngine : IAuditEngine
{
    private readonly EngineOptions options;
    private readonly Admission admission;
    private readonly Committer committer;
    private readonly Shard[] shards;
    private readonly Task running;
    private readonly ITimer idleTimer;
    private readonly TaskCompletionSource drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int batches;
    private int stopping;

    public LocalEngine(IJournal journal, RecordHasher hasher, EngineOptions options, TimeProvider clock)
    {
        this.options = options;
        admission = new Admission(options.MaxWaiting, options.MaxWaitingBytes);
        committer = new Committer(journal, options);
        shards = [.. Enumerable.Range(0, options.Shards)
            .Select(number => new Shard(number, journal, committer, hasher, options, clock))];
        running = Task.WhenAll(shards.Select(shard => RunAsync(shard.RunAsync)).Append(RunAsync(committer.RunAsync)));
        idleTimer = clock.CreateTimer(_ => PassivateIdle(), null, options.IdleAfter, options.IdleAfter);
    }

    public EngineStats Stats => new(
        admission.Items, admission.Bytes, admission.IsFull, shards.Sum(shard => (long)shard.LiveCount),
        committer.Commits, committer.Rows, shards.Sum(shard => shard.Conflicts), committer.Failures);

    public async Task<Receipt[]> SubmitAsync(IReadOnlyList<Submission> batch, CancellationToken cancellation)
    {
        if (batch.Count == 0)
        {
            return [];
        }

        var bytes = batch.Sum(submission => (long)submission.Bytes);
        Enter();
        try
        {
            var work = new BatchInWork(batch);
            await admission.EnterAsync(batch.Count, bytes, () => Distribute(work), cancellation);
            try
            {
                return await work.Done;
            }
            finally
            {
                admission.Leave(batch.Count, bytes);
            }
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Takes nothing new, gives every item in work its receipt, then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref stopping, 1) == 0)
        {
            await idleTimer.DisposeAsync();
            Exit();
        }

        await drained.Task;
        foreach (var shard in shards)
        {
            shard.Complete();
        }

        committer.Complete();
        await running;
    }

    private void Distribute(BatchInWork work)
    {
        Span<bool> concerned = stackalloc bool[options.Shards];
        foreach (var submission in work.Items)
        {
            concerned[Shard.NumberFor(submission, options.Shards)] = true;
        }

        for (var number = 0; number < concerned.Length; number++)
        {
            if (concerned[number])
            {
                shards[number].Post(work);
            }
        }
    }

    /// <summary>Batches in work are counted from one below, so that the stop itself is the last to leave.</summary>
    private void Enter()
    {
        Interlocked.Increment(ref batches);
        if (Volatile.Read(ref stopping) != 0)
        {
            Exit();
            throw new EngineStoppedException();
        }
    }

    private void Exit()
    {
        if (Interlocked.Decrement(ref batches) < 0)
        {
            drained.TrySetResult();
        }
    }

    /// <summary>
    /// A loop that ended by a fault of this program would leave its hosts waiting for ever. What is acknowledged is
    /// durable, so the process ends instead and starts anew from the journal.
    /// </summary>
    private static Task RunAsync(Func<Task> loop) => Task.Run(async () =>
    {
        try
        {
            await loop();
        }
        catch (Exception exception)
        {
            Environment.FailFast("A loop of the engine ended by a fault.", exception);
        }
    });

    private void PassivateIdle()
    {
        foreach (var shard in shards)
        {
            shard.PassivateIdle();
        }
    }
}
