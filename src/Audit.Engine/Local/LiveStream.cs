using Audit.Engine.Committing;
using Audit.Engine.Streams;
using Audit.Engine.Submitting;

namespace Audit.Engine.Local;

/// <summary>
/// The actor of one stream: its history and its hold on the journal. All of it is thrown away when the journal says
/// that the stream was lost.
/// </summary>
internal sealed class LiveStream(StreamHandle handle, AuditStream stream)
{
    private StreamPositions positions;
    private bool wasRead;
    private byte[]? payloadKey;

    public StreamHandle Handle { get; } = handle;

    /// <summary>Rows decided and not yet settled; a stream that has any is never passivated.</summary>
    public int RowsInFlight { get; set; }

    public bool IsNew => stream.Sequence == 0;

    /// <summary>
    /// Nothing more is expected of it. What was read back from the journal has proved the contrary and stays until it
    /// is idle, or every further message would read it again.
    /// </summary>
    public bool IsOver => stream.IsSettled && !wasRead && !IsNeeded;

    /// <summary>It has something to write, or is waiting for what it wrote: it is not to be forgotten now.</summary>
    public bool IsNeeded => RowsInFlight > 0 || HasUnwrittenCounts;

    public bool HasUnwrittenCounts => stream.HasUnwrittenCounts;

    /// <summary>What the stream weighs against the bound of memory.</summary>
    public long Weight => stream.Sequence - positions.Missing + 1;

    /// <summary>Whether it is known which key seals its payloads; nothing is decided before.</summary>
    public bool HasPayloadKey { get; private set; }

    public static LiveStream For(Submission submission) =>
        new(new StreamHandle(submission.Stream), AuditStream.For(submission));

    /// <summary>
    /// Decides a submission: adds what is to be written and returns the receipt, as yet without a position.
    /// </summary>
    public Receipt Decide(Submission submission, EventWriter writer, RowSink rows, EngineOptions options)
    {
        var sequence = stream.Sequence;
        writer.Begin(Handle.Key, sequence, payloadKey);
        var events = rows.Begin();
        var receipt = stream.Decide(submission, writer, events, options);
        rows.Add(Handle, sequence);
        return receipt.Hashed(events, 0, sequence).Beside(stream.Missing);
    }

    /// <param name="key">Null where it was ended: content that comes from now on is not kept.</param>
    /// <param name="generation">Of the keys, from before this one was looked up.</param>
    public void SealWith(byte[]? key, int generation) =>
        (payloadKey, HasPayloadKey, Handle.KeysOf) = (key, true, generation);

    /// <param name="isProven">Whether a node wrote it; what nobody proves changes nothing.</param>
    public void Replay(JournalRow row, bool isProven)
    {
        wasRead = true;
        stream.Replay(row, isProven);
        positions.AddRead(row.Sequence, row.Position);
    }

    public void AddPosition(long position) => positions.Add(position);

    /// <summary>Gives a receipt the position of what it stands for.</summary>
    public void Place(Receipt receipt) => positions.Place(receipt);
}

/// <summary>The streams of a shard in which something was only counted, and that is not written down yet.</summary>
internal sealed class FloodCounts
{
    private readonly HashSet<LiveStream> streams = [];

    public void Watch(LiveStream stream)
    {
        if (stream.HasUnwrittenCounts)
        {
            streams.Add(stream);
        }
    }

    /// <summary>Has them write it down; the tick is done when that is in the journal.</summary>
    public void Write(CountsTick tick, Queue<BatchPart> waiting)
    {
        var items = streams.Where(stream => stream.HasUnwrittenCounts)
            .Select(stream => new CountsSubmission(stream.Handle.Key)).ToArray();
        streams.Clear();
        if (items.Length == 0)
        {
            tick.Done.TrySetResult();
            return;
        }

        var batch = new BatchInWork(items);
        batch.Done.ContinueWith(_ => tick.Done.TrySetResult(), TaskScheduler.Current);
        waiting.Enqueue(new BatchPart(batch, [.. Enumerable.Range(1, items.Length)], 0));
    }
}

/// <summary>It is time to write counts down.</summary>
internal sealed class CountsTick
{
    public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
