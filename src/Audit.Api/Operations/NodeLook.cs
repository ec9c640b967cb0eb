using System.Data.Common;
using Audit.Api.Log;

namespace Audit.Api.Operations;

/// <summary>
/// What has to be asked for before it can be measured. Who measures never waits long for it: what nobody answers stays
/// as it was at the last look.
/// </summary>
internal sealed class NodeLook
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly IReadOnlyList<Question> questions;
    private readonly FailureLog failures;

    public NodeLook(
        IJournal journal, IAuditStore store, NodeLog log, ReadSide reads, Readiness readiness, FailureLog failures)
    {
        this.failures = failures;
        questions =
        [
            new("whether the node is ready", async () =>
            {
                var trouble = await readiness.TroubleAsync(CancellationToken.None);
                (Trouble, IsReady) = (trouble?.Trouble, readiness.StatusWith(trouble) == "ready");
            }),
            new("where the journal ends", async () => Position = await journal.LastPositionAsync(default)),
            new("how large the journal is", async () => Sizes = await store.SizesAsync(default)),
            new("how far the log is", log.LookOnceAsync),
            new("how far the read models are", async () =>
            {
                ModelsBehind = await log.WaitingAfterAsync(reads.Status.Position, default);
                Unreviewed = (await reads.Models.HoursAsync(0, 0, default))?.All.Unreviewed ?? 0;
            }),
            new("how far the search is", async () =>
                SearchBehind = await log.WaitingAfterAsync(reads.Search.Status.Position, default)),
        ];
    }

    /// <summary>Whether the node could commit; false before the first look.</summary>
    public bool IsReady { get; private set; }

    /// <summary>Why it could not.</summary>
    public JournalTrouble? Trouble { get; private set; }

    /// <summary>Where the journal ended.</summary>
    public long Position { get; private set; }

    /// <inheritdoc cref="IAuditStore.SizesAsync"/>
    public (long Journal, long WriteAhead)? Sizes { get; private set; }

    /// <summary>Since when the oldest row waits for the read models.</summary>
    public TimeSpan ModelsBehind { get; private set; }

    /// <summary>The same of the text index.</summary>
    public TimeSpan SearchBehind { get; private set; }

    /// <summary>Violations that wait for a person.</summary>
    public long Unreviewed { get; private set; }

    /// <summary>For who is not asked, and sends what was seen last.</summary>
    public async Task KeepLookingAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            await LookAsync();
            await Task.Delay(Pause, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public Task LookAsync() => Task.WhenAll(questions.Select(AskAsync));

    private async Task AskAsync(Question question)
    {
        try
        {
            await question.Asked().WaitAsync(Patience);
        }
        catch (Exception failure) when (failure
            is TimeoutException or DbException or StoreException or ReadModelsException or LogDamagedException
            or JournalUnavailableException or ObjectDisposedException)
        {
            failures.Report($"look {question.What}", failure);
            if (question == questions[0])
            {
                (IsReady, Trouble) = (false, Trouble ?? JournalTrouble.Stalled);
            }
        }
    }

    /// <summary>Put once at a time, however many wait for the answer.</summary>
    private sealed class Question(string what, Func<Task> ask)
    {
        private readonly Lock gate = new();
        private Task asked = Task.CompletedTask;

        public string What { get; } = what;

        public Task Asked()
        {
            lock (gate)
            {
                return asked = asked.IsCompleted ? ask() : asked;
            }
        }
    }
}
