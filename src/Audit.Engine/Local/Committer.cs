using System.Threading.Channels;
using Audit.Journal;

namespace Audit.Engine.Local;

/// <summary>
/// The node's one way into the journal: takes the groups that all shards have waiting and writes them in one transaction.
/// How many those are is set by the backlog alone; no timer ever holds a commit back.
/// </summary>
internal sealed class Committer(IJournal journal, EngineOptions options)
{
    private readonly Channel<CommitGroup> waiting =
        Channel.CreateUnbounded<CommitGroup>(new UnboundedChannelOptions { SingleReader = true });

    private readonly List<CommitGroup> groups = [];
    private readonly List<RowToAppend> merged = [];
    private long[] positions = [];
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
            TakeWaiting();
            await CommitAsync();
            foreach (var group in groups)
            {
                group.Shard.Settle(group);
            }
        }
    }

    private void TakeWaiting()
    {
        groups.Clear();
        var count = 0;
        while (waiting.Reader.TryPeek(out var next)
            && (groups.Count == 0 || count + next.Rows.Count <= options.MaxRowsPerCommit))
        {
            waiting.Reader.TryRead(out _);
            groups.Add(next);
            count += next.Rows.Count;
        }
    }

    private async Task CommitAsync()
    {
        var toAppend = Merge();
        if (toAppend.Count == 0)
        {
            return;
        }

        if (positions.Length < toAppend.Count)
        {
            positions = new long[toAppend.Count * 2];
        }

        try
        {
            await journal.AppendAsync(toAppend, positions.AsMemory(0, toAppend.Count), CancellationToken.None);
        }
        catch (Exception exception)
        {
            Fail(exception);
            return;
        }

        Interlocked.Increment(ref commits);
        Interlocked.Add(ref rows, toAppend.Count);
        Distribute();
    }

    private List<RowToAppend> Merge()
    {
        if (groups.Count == 1)
        {
            return groups[0].Rows;
        }

        merged.Clear();
        foreach (var group in groups)
        {
            merged.AddRange(group.Rows);
        }

        return merged;
    }

    private void Distribute()
    {
        var at = 0;
        foreach (var group in groups)
        {
            group.TakePositions(positions.AsSpan(at, group.Rows.Count));
            at += group.Rows.Count;
        }
    }

    private void Fail(Exception exception)
    {
        Interlocked.Increment(ref failures);
        foreach (var group in groups)
        {
            group.Failure = exception is JournalUnavailableException
                ? exception.Message
                : $"the journal failed: {exception.Message}";
            foreach (var row in group.Rows)
            {
                // What was decided on top of these rows may stand on nothing; the journal will skip it.
                row.Stream.Lose();
            }
        }
    }
}
