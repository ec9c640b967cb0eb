namespace Audit.Engine.Streams;

/// <summary>
/// One stream as its events tell it, and what comes of a submission to it: the law at work, the same in every engine. It
/// runs ahead of the journal: what was decided counts at once, so whoever fails to write it throws the whole of it away.
/// </summary>
public abstract class AuditStream
{
    private protected AuditStream()
    {
    }

    /// <summary>The last sequence number decided.</summary>
    public abstract long Sequence { get; }

    /// <summary>Nothing more is expected of it.</summary>
    public virtual bool IsSettled => false;

    public static AuditStream For(Submission submission) => submission switch
    {
        CallSubmission => new CallStream(),
        NoteSubmission => new SessionStream(),
        WindowSubmission => new WindowStream(),
        OperatorSubmission => new OperatorStream(),
        _ => throw new ArgumentOutOfRangeException(nameof(submission), submission, "No stream takes such a submission."),
    };

    /// <summary>Decides a submission: adds what is to be written and returns the receipt, as yet without a position.</summary>
    public abstract Receipt Decide(Submission submission, EventWriter writer, List<EncodedEvent> events, EngineOptions options);

    /// <exception cref="InvalidDataException">The row is not one that this program could have written.</exception>
    public abstract void Evolve(JournalRow row, RecordHasher hasher);

    private protected static ReceiptStatus StatusOf(MessageOutcome outcome) => outcome switch
    {
        MessageOutcome.Recorded => ReceiptStatus.Recorded,
        MessageOutcome.Duplicate => ReceiptStatus.Duplicate,
        MessageOutcome.Violation => ReceiptStatus.Violation,
        _ => ReceiptStatus.Refused,
    };
}
