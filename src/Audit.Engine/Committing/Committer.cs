using System.Diagnostics;
using System.Threading.Channels;

namespace Audit.Engine.Committing;

/// <summary>
/// A node's one way into the journal: takes the groups that all have waiting and writes them in one transaction. How
/// many those are is set by the backlog alone; no timer ever holds a commit back.
/// </summary>
internal sealed class Committer(IJournal journal, EngineOptions options)
{
    // Whoever brings the first group of a commit sends it off himself: another thread would have to wake for it.
    private readonly Channel<CommitGroup> waiting = Channel.CreateUnbounded<CommitGroup>(
        new UnboundedChannelOptions { SingleReader = true, AllowSynchronousContinuations = true });

    private Commit current = new();
    private Commit spare = new();
    private long commits;
    private long rows;
    private long failures;

    public long Commits => Interlocked.Read(ref commits);

    public long Rows => Interlocked.Read(ref rows);

    public long Failures => Interlocked.Read(ref failures);

    public void Enqueue(CommitGroup group) => waiting.Writer.TryWrite(group);

    public void Complete() => waiting.Writer.TryComplete();

    public async Task RunAsync()
    {
        while (await waiting.Reader.WaitToReadAsync())
        {
            // The next append is on its way before anybody gets the result of the last one, so that the store never
            // waits for them.
            var append = AppendAsync(TakeWaiting());
            spare.Settle();
            await append;
            (current, spare) = (spare, current);
            if (waiting.Reader.TryPeek(out _))
            {
                // This may be the thread of the journal, which is to write and not to settle.
                await Task.Yield();
            }
            else
            {
                spare.Settle();
            }
        }

        spare.Settle();
        // What follows the engine's end follows it on a thread of its own.
        await Task.Yield();
    }

    private Commit TakeWaiting()
    {
        while (waiting.Reader.TryPeek(out var next) && current.HasRoomFor(next, options.MaxRowsPerCommit))
        {
            waiting.Reader.TryRead(out _);
            current.Add(next);
        }

        return current;
    }

    private async Task AppendAsync(Commit commit)
    {
        var toAppend = commit.Rows;
        if (toAppend.Count == 0)
        {
            return;
        }

        var began = Stopwatch.GetTimestamp();
        try
        {
            await journal.AppendAsync(toAppend, commit.Positions, CancellationToken.None);
            options.Committed?.Invoke(Stopwatch.GetElapsedTime(began));
            options.Recent?.Keep(toAppend, commit.Positions.Span);
            Interlocked.Increment(ref commits);
            Interlocked.Add(ref rows, toAppend.Count);
        }
        catch (Exception exception)
        {
            Interlocked.Increment(ref failures);
            options.Failures.Report("engine commit", exception);
            commit.Fail(exception is JournalUnavailableException
                ? exception.Message
                : $"the journal failed: {exception.Message}");
        }
    }
}
