using System.Threading.Channels;
using Audit.Engine.Committing;
using Audit.Engine.Submitting;

namespace Audit.Engine.Local;

/// <summary>
/// A mailbox with one reader and the live streams that it alone touches. It takes all that waits, decides it message by
/// message, hands the events to the committer and decides the next lot while they are being written.
/// </summary>
internal sealed class Shard(
    IJournal journal, BookSeal seal, Committer committer, EngineOptions options, TimeProvider clock)
{
    private const int MaxGroupsInFlight = 2;
    private const int MaxTries = 50;
    private const int MaxPauseMilliseconds = 32;

    /// <summary>One lost bet in so many is too much: a lost one costs far more than a read.</summary>
    private const int LostBetShare = 10;

    private readonly Channel<object> mailbox =
        Channel.CreateUnbounded<object>(new UnboundedChannelOptions { SingleReader = true });

    private readonly Queue<BatchPart> waiting = new();
    private readonly List<PendingItem> lost = [];
    private readonly Stack<ShardGroup> free = new();
    private readonly LiveStreams live =
        new(options.MaxLiveEvents / options.Shards, options.MaxKnownStreams / options.Shards);

    private readonly EventWriter writer = new(seal.Proof);
    private readonly RowSink rows = new();
    private readonly int maxRows = Math.Max(options.MaxRowsPerCommit / options.Shards, 1);
    private readonly List<(BatchInWork Batch, int Index)> lot = [];
    private readonly List<LiveStream> opened = [];
    private readonly StreamLoading loading = new(journal, seal, options);
    private readonly FloodCounts counts = new();
    private int inFlight;
    private int bets;
    private bool betsAreLost;
    private bool hasFailed;
    private long conflicts;

    public long Conflicts => Interlocked.Read(ref conflicts);

    public int LiveCount { get; private set; }

    public void Post(BatchPart part) => mailbox.Writer.TryWrite(part);

    public void PassivateIdle() => mailbox.Writer.TryWrite(IdleTick.Instance);

    /// <summary>Has the streams write down what they only counted.</summary>
    /// <returns>Done when that is in the journal.</returns>
    public Task WriteCountsAsync()
    {
        var tick = new CountsTick();
        return mailbox.Writer.TryWrite(tick) ? tick.Done.Task : Task.CompletedTask;
    }

    public void Settle(ShardGroup group) => mailbox.Writer.TryWrite(group);

    public void Complete() => mailbox.Writer.TryComplete();

    public async Task RunAsync()
    {
        while (await mailbox.Reader.WaitToReadAsync())
        {
            while (mailbox.Reader.TryRead(out var mail))
            {
                Take(mail);
            }

            // A lost stream may have rows in the groups behind it, so they are let through before it is read again.
            if (lost.Count > 0 && inFlight == 0)
            {
                await DecideAgainAsync();
            }

            // Nor is anything decided between a group that failed and those behind it: what these hold of its streams is
            // lost with it, and is to be decided before what came later.
            hasFailed &= inFlight > 0;
            while (lost.Count == 0 && !hasFailed && waiting.Count > 0 && inFlight < MaxGroupsInFlight)
            {
                await DecideWaitingAsync();
            }

            LiveCount = live.Count;
        }

        writer.Dispose();
    }

    private void Take(object mail)
    {
        switch (mail)
        {
            case BatchPart part:
                waiting.Enqueue(part);
                break;
            case ShardGroup group:
                inFlight--;
                Settled(group);
                break;
            case CountsTick tick:
                counts.Write(tick, waiting);
                break;
            default:
                live.Passivate();
                break;
        }
    }

    private async Task DecideWaitingAsync()
    {
        TakeLot();
        await OpenUnknownAsync();
        await GiveKeysAsync();
        var group = Begin();
        foreach (var (batch, index) in lot)
        {
            live.TryGet(batch.Items[index].Stream, out var stream);
            Decide(group, batch, index, stream, tries: 0);
        }

        Send(group);
    }

    private void TakeLot()
    {
        lot.Clear();
        while (lot.Count < maxRows && waiting.TryPeek(out var part))
        {
            for (; !part.IsTaken && lot.Count < maxRows; part.Advance())
            {
                lot.Add((part.Batch, part.Next));
            }

            if (part.IsTaken)
            {
                waiting.Dequeue();
            }
        }
    }

    /// <summary>
    /// An unknown call is taken for new, for nearly all are, and the fence says when it is not. The journal is read
    /// first for calls that this shard remembers to have forgotten, for those whose question is answered, which are
    /// none that are new, for the other streams, which are few, and for all
    /// when many bets were lost (a host sends again what it sent before).
    /// </summary>
    private async Task OpenUnknownAsync()
    {
        var toRead = new Dictionary<StreamKey, Submission>();
        foreach (var (batch, index) in lot)
        {
            var submission = batch.Items[index];
            if (live.TryGet(submission.Stream, out _))
            {
                continue;
            }

            if (submission is CallSubmission { Message.Answers: not { Sequence: > 0 } } && !betsAreLost
                && !live.IsKnown(submission.Stream))
            {
                Add(LiveStream.For(submission));
                bets++;
            }
            else
            {
                toRead.TryAdd(submission.Stream, submission);
            }
        }

        if (toRead.Count > 0)
        {
            var streams = await LoadAsync([.. toRead.Values]);
            var old = streams.Count(stream => stream is { IsNew: false });
            betsAreLost = betsAreLost && old * LostBetShare >= streams.Length;
        }
    }

    /// <summary>
    /// Gives the streams that became live the keys of their payloads, which are durable before the first row of their
    /// session. Without the store nothing can be decided, and every item is answered as not known.
    /// </summary>
    private async Task GiveKeysAsync()
    {
        if (opened.Count == 0)
        {
            return;
        }

        try
        {
            await seal.Payloads.EnsureAsync(opened.Select(stream => stream.Handle.Key), CancellationToken.None);
            var generation = seal.Payloads.Generation;
            foreach (var stream in opened)
            {
                if (seal.Payloads.TryGet(stream.Handle.Key, out var key))
                {
                    stream.SealWith(key, generation);
                }
            }
        }
        catch (Exception exception)
        {
            options.Failures.Report("engine payload keys", exception);
        }

        // Without the store, and where keys were let go of in this moment, the next message asks anew.
        foreach (var stream in opened.Where(stream => !stream.HasPayloadKey))
        {
            live.Remove(stream.Handle.Key);
        }

        opened.Clear();
    }

    private void Add(LiveStream stream)
    {
        live.Add(stream);
        opened.Add(stream);
    }

    private void Decide(ShardGroup group, BatchInWork batch, int index, LiveStream? stream, int tries)
    {
        var firstRow = group.Rows.Count;
        if (stream is not { HasPayloadKey: true })
        {
            var unread = Receipt.Unknown("the stream could not be read; it may be sent again");
            group.Pending.Add(new PendingItem(batch, index, null, unread, firstRow, 0, tries));
            return;
        }

        try
        {
            var weight = stream.Weight;
            var receipt = stream.Decide(batch.Items[index], writer, rows, options);
            var count = group.Rows.Count - firstRow;
            stream.RowsInFlight += count;
            live.Grow(stream.Weight - weight);
            counts.Watch(stream);
            group.Pending.Add(new PendingItem(batch, index, stream, receipt, firstRow, count, tries));
        }
        catch (Exception exception)
        {
            // A fault of this program in one item: a stream moves on only after all is decided and encoded, so it
            // stands where it stood, and its neighbours go on.
            options.Failures.Report("engine decision", exception);
            group.Rows.RemoveRange(firstRow, group.Rows.Count - firstRow);
            var failed = Receipt.Unknown($"the item could not be decided: {exception.Message}");
            group.Pending.Add(new PendingItem(batch, index, null, failed, firstRow, 0, tries));
        }
    }

    private void Settled(ShardGroup group)
    {
        foreach (var item in group.Pending)
        {
            Settle(group, item);
        }

        live.PassivateIfFull();
        betsAreLost |= lost.Count * LostBetShare > bets && lost.Count > 0;
        bets = 0;
        hasFailed |= group.Failure is not null;
        if (group.Failure is null)
        {
            // After a failure nobody knows who still reads it, so that it is left alone.
            group.Empty();
            free.Push(group);
        }
    }

    private void Settle(ShardGroup group, PendingItem item)
    {
        if (item.Stream is not { } stream)
        {
            item.Batch.Answer(item.Index, item.Receipt);
            return;
        }

        stream.RowsInFlight -= item.RowCount;
        if (group.Failure is { } failure)
        {
            live.Remove(stream.Handle.Key);
            item.Batch.Answer(item.Index, Receipt.Unknown(failure));
        }
        else if (stream.Handle.Lost)
        {
            lost.Add(item);
        }
        else
        {
            for (var row = item.FirstRow; row < item.FirstRow + item.RowCount; row++)
            {
                stream.AddPosition(group.Positions[row]);
            }

            stream.Place(item.Receipt);
            item.Batch.Answer(item.Index, item.Receipt);
            if (stream.IsOver)
            {
                live.Forget(stream);
            }
        }
    }

    private async Task DecideAgainAsync()
    {
        var again = lost.ToArray();
        lost.Clear();
        await PauseAsync(again.Max(item => item.Tries));
        var streams = await ReadAnewAsync(again);
        await GiveKeysAsync();
        var group = Begin();
        foreach (var item in again)
        {
            var stream = streams.GetValueOrDefault(item.Submission.Stream);
            if (item.Tries >= MaxTries)
            {
                var contended = Receipt.Unknown("other writers kept moving this stream on; it may be sent again");
                var place = group.Rows.Count;
                group.Pending.Add(new PendingItem(item.Batch, item.Index, null, contended, place, 0, item.Tries));
                continue;
            }

            Decide(group, item.Batch, item.Index, stream, item.Tries + 1);
        }

        Send(group);
    }

    /// <summary>
    /// Two nodes that want the same streams would go on overtaking each other; a pause of random length lets one of
    /// them through. The first loss is nearly always a lost bet and waits for nobody.
    /// </summary>
    private Task PauseAsync(int tries)
    {
        var longest = Math.Min(1 << Math.Min(tries, 10), MaxPauseMilliseconds);
        return tries == 0
            ? Task.CompletedTask
            : Task.Delay(TimeSpan.FromMilliseconds(options.Loops.Chance.Next(1, longest + 1)), clock);
    }

    private async Task<Dictionary<StreamKey, LiveStream?>> ReadAnewAsync(PendingItem[] items)
    {
        var submissions = items.Select(item => item.Submission).DistinctBy(submission => submission.Stream).ToArray();
        Interlocked.Add(ref conflicts, submissions.Length);
        foreach (var submission in submissions)
        {
            live.Remove(submission.Stream);
        }

        var streams = await LoadAsync(submissions);
        return submissions.Select((submission, index) => (submission.Stream, streams[index]))
            .ToDictionary(pair => pair.Stream, pair => pair.Item2);
    }

    private Task<LiveStream?[]> LoadAsync(Submission[] submissions) => loading.LoadAsync(submissions, Add);

    private ShardGroup Begin()
    {
        var group = free.TryPop(out var emptied) ? emptied : new ShardGroup(this);
        rows.Begin(group.Rows, clock.GetUtcNow());
        writer.Room = group.Room;
        return group;
    }

    private void Send(ShardGroup group)
    {
        if (group.Pending.Count == 0)
        {
            free.Push(group);
            return;
        }

        inFlight++;
        committer.Enqueue(group);
    }

    private sealed class IdleTick
    {
        public static readonly IdleTick Instance = new();
    }
}
