using Audit.Engine.Committing;
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
    private readonly ITimer countTimer;

    public LocalEngine(IJournal journal, BookSeal seal, EngineOptions options, TimeProvider clock)
    {
        this.options = options;
        gate = new SubmissionGate(options, Distribute);
        committer = new Committer(journal, options);
        shards = [.. Enumerable.Range(0, options.Shards)
            .Select(_ => new Shard(journal, seal, committer, options, clock))];
        running = Task.WhenAll(shards.Select(shard => RunAsync(shard.RunAsync)).Append(RunAsync(committer.RunAsync)));
        idleTimer = clock.CreateTimer(_ => PassivateIdle(), null, options.IdleAfter, options.IdleAfter);
        countTimer = clock.CreateTimer(
            tick => _ = WriteCountsAsync(), null, options.CountedWithin, options.CountedWithin);
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
            await countTimer.DisposeAsync();
        }

        await WriteCountsAsync();

        foreach (var shard in shards)
        {
            shard.Complete();
        }

        committer.Complete();
        await running;
    }

    /// <summary>Chains the items of each shard, so that it goes through its own alone.</summary>
    private void Distribute(BatchInWork work)
    {
        var following = new int[work.Items.Count];
        Span<int> first = stackalloc int[options.Shards];
        first.Fill(following.Length);
        for (var index = following.Length - 1; index >= 0; index--)
        {
            ref var head = ref first[(int)((uint)work.Items[index].Affinity % (uint)options.Shards)];
            (following[index], head) = (head, index);
        }

        for (var number = 0; number < first.Length; number++)
        {
            if (first[number] < following.Length)
            {
                shards[number].Post(new BatchPart(work, following, first[number]));
            }
        }
    }

    private Task RunAsync(Func<Task> loop) => Task.Factory.StartNew(
        async () =>
        {
            try
            {
                await loop();
            }
            catch (Exception exception)
            {
                options.Loops.EndedBy(exception);
            }
        },
        CancellationToken.None, TaskCreationOptions.DenyChildAttach, options.Loops.Scheduler).Unwrap();

    private async Task WriteCountsAsync()
    {
        foreach (var written in Array.ConvertAll(shards, shard => shard.WriteCountsAsync()))
        {
            await written;
        }
    }

    private void PassivateIdle()
    {
        foreach (var shard in shards)
        {
            shard.PassivateIdle();
        }
    }
}
