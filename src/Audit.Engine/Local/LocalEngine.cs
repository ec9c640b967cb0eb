using Audit.Engine.Submitting;

namespace Audit.Engine.Local;

/// <summary>The engine that needs nothing but a journal: keyed actors in shards of one process.</summary>
public sealed class LocalEngine : IAuditEngine
{
    private readonly EngineOptions options;
    private readonly SubmissionGate gate;
    private readonly Committer committer;
    private readonly Shard[] shards;
    private readonly Task running;
    private readonly ITimer idleTimer;

    public LocalEngine(IJournal journal, RecordHasher hasher, EngineOptions options, TimeProvider clock)
    {
        this.options = options;
        gate = new SubmissionGate(options, Distribute);
        committer = new Committer(journal, options);
        shards = [.. Enumerable.Range(0, options.Shards)
            .Select(number => new Shard(number, journal, committer, hasher, options, clock))];
        running = Task.WhenAll(shards.Select(shard => RunAsync(shard.RunAsync)).Append(RunAsync(committer.RunAsync)));
        idleTimer = clock.CreateTimer(_ => PassivateIdle(), null, options.IdleAfter, options.IdleAfter);
    }

    public EngineStats Stats => new(
        gate.Items, gate.Bytes, gate.IsFull, shards.Sum(shard => (long)shard.LiveCount),
        committer.Commits, committer.Rows, shards.Sum(shard => shard.Conflicts), committer.Failures);

    public Task<Receipt[]> SubmitAsync(IReadOnlyList<Submission> batch, CancellationToken cancellation) =>
        gate.SubmitAsync(batch, cancellation);

    /// <summary>Takes nothing new, gives every item in work its receipt, then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        if (await gate.CloseAsync())
        {
            await idleTimer.DisposeAsync();
        }

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
