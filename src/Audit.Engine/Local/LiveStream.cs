using Audit.Engine.Streams;

namespace Audit.Engine.Local;

/// <summary>
/// The actor of one stream: its history and its hold on the journal. All of it is thrown away when the journal says
/// that the stream was lost.
/// </summary>
internal sealed class LiveStream(StreamHandle handle, AuditStream stream)
{
    // Most streams are short: only what comes after the first event takes an array.
    private long firstPosition;
    private long[] laterPositions = [];
    private int committed;
    private long missing;
    private Dictionary<long, long>? scattered;
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
    public long Weight => stream.Sequence - missing + 1;

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
    public void SealWith(byte[]? key) => (payloadKey, HasPayloadKey) = (key, true);

    /// <param name="isProven">Whether a node wrote it; what nobody proves changes nothing.</param>
    public void Replay(JournalRow row, bool isProven)
    {
        wasRead = true;
        stream.Replay(row, isProven);
        if (row.Sequence > committed + missing + 1)
        {
            // Rare, and whoever wrote the row may have chosen any number: only what is there takes room.
            scattered ??= Enumerable.Range(1, committed)
                .ToDictionary(number => (long)number, number => PositionOf(number));
            missing = row.Sequence - committed - 1;
        }

        AddPosition(row.Position);
    }

    public void AddPosition(long position)
    {
        if (scattered is not null)
        {
            scattered[committed + missing + 1] = position;
        }
        else if (committed == 0)
        {
            firstPosition = position;
        }
        else
        {
            if (committed > laterPositions.Length)
            {
                Array.Resize(ref laterPositions, committed * 2);
            }

            laterPositions[committed - 1] = position;
        }

        committed++;
    }

    public long PositionOf(long sequence) =>
        scattered is not null ? scattered.GetValueOrDefault(sequence)
        : sequence < 1 || sequence > committed ? 0 : sequence == 1 ? firstPosition : laterPositions[sequence - 2];
}

/// <summary>Makes rows of the events that are being decided.</summary>
internal sealed class RowSink
{
    private readonly List<EncodedEvent> events = [];
    private List<RowToAppend> rows = [];
    private long createdTicks;

    /// <summary>Begins a group; all of its rows are created at one time.</summary>
    public void Begin(List<RowToAppend> target, DateTimeOffset created)
    {
        rows = target;
        createdTicks = created.UtcTicks;
    }

    /// <summary>Begins an item; its events go into the list.</summary>
    public List<EncodedEvent> Begin()
    {
        events.Clear();
        return events;
    }

    /// <summary>Adds the rows of the item, which follow the sequence number given.</summary>
    public void Add(StreamHandle stream, long sequence)
    {
        foreach (var encoded in events)
        {
            rows.Add(new RowToAppend(stream, ++sequence, encoded.Manifest, createdTicks, encoded.Message));
        }
    }
}
