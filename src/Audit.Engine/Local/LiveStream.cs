using Audit.Journal;
using Audit.Journal.Events;
using Audit.Lifecycle;

namespace Audit.Engine.Local;

/// <summary>
/// The actor of one stream: its history and its hold on the journal. It runs ahead of the commit: what it decided counts
/// at once for what it decides next, and all of it is thrown away when the journal says that the stream was lost.
/// </summary>
internal abstract class LiveStream(StreamHandle handle)
{
    // Most streams are short: only what comes after the first event takes an array.
    private long firstPosition;
    private long[] laterPositions = [];
    private int committed;
    private bool wasRead;

    public StreamHandle Handle { get; } = handle;

    /// <summary>Rows decided and not yet settled; a stream that has any is never passivated.</summary>
    public int RowsInFlight { get; set; }

    public bool IsNew => Sequence == 0;

    /// <summary>
    /// Nothing more is expected of it. What was read back from the journal has proved the contrary and stays until it is idle,
    /// or every further message would read it again.
    /// </summary>
    public bool IsOver => IsSettled && !wasRead && RowsInFlight == 0;

    /// <summary>What the stream weighs against the bound of memory.</summary>
    public long Weight => Sequence + 1;

    /// <summary>The last sequence number decided.</summary>
    protected abstract long Sequence { get; }

    protected virtual bool IsSettled => false;

    public static LiveStream For(Submission submission) => submission switch
    {
        CallSubmission => new LiveCall(new StreamHandle(submission.Stream)),
        NoteSubmission => new LiveSession(new StreamHandle(submission.Stream)),
        WindowSubmission => new LiveWindow(new StreamHandle(submission.Stream)),
        OperatorSubmission => new LiveOperator(new StreamHandle(submission.Stream)),
        _ => throw new ArgumentOutOfRangeException(nameof(submission), submission, "No actor takes such a submission."),
    };

    /// <summary>Decides a submission: adds what is to be written and returns the receipt, as yet without a position.</summary>
    public abstract Receipt Decide(Submission submission, EventWriter writer, RowSink rows, EngineOptions options);

    public void Replay(JournalRow row, RecordHasher hasher)
    {
        wasRead = true;
        Evolve(row, hasher);
        AddPosition(row.Position);
    }

    public void AddPosition(long position)
    {
        if (committed == 0)
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
        sequence < 1 || sequence > committed ? 0 : sequence == 1 ? firstPosition : laterPositions[sequence - 2];

    protected abstract void Evolve(JournalRow row, RecordHasher hasher);
}
