namespace Audit.Engine.Streams;

/// <summary>
/// One stream as its events say, and what comes of a submission to it: the law at work, the same in every engine. It
/// runs ahead of the journal: what was decided counts at once, so whoever fails to write it throws the whole of it
/// away.
/// </summary>
public abstract class AuditStream
{
    /// <summary>No node comes near this number; behind it a stream could not go on.</summary>
    private const long MostEvents = 1L << 40;

    private const string Cut = "the rows of this call or session were cut from the journal under a rule of retention, "
        + "and lie in an archive: nothing is added to it any more";

    private bool isCut;

    private protected AuditStream()
    {
    }

    /// <summary>The last sequence number decided.</summary>
    public abstract long Sequence { get; }

    /// <summary>Nothing more is expected of it.</summary>
    public virtual bool IsSettled => false;

    public static AuditStream For(Submission submission) => submission switch
    {
        CallSubmission or CountsSubmission or ReviewSubmission { Of: Reviewable.Call } => new CallStream(),
        NoteSubmission => new SessionStream(),
        WindowSubmission or ReviewSubmission => new WindowStream(),
        OperatorSubmission => new OperatorStream(),
        _ => throw new ArgumentOutOfRangeException(
            nameof(submission), submission, "No stream takes such a submission."),
    };

    /// <summary>
    /// Decides a submission: adds what is to be written and returns the receipt, as yet without a position.
    /// </summary>
    public Receipt Decide(
        Submission submission, EventWriter writer, List<EncodedEvent> events, EngineOptions options) => isCut
        ? new Receipt(ReceiptStatus.Refused, Error: Cut)
        : DecideNext(submission, writer, events, options);

    private protected abstract Receipt DecideNext(
        Submission submission, EventWriter writer, List<EncodedEvent> events, EngineOptions options);

    /// <summary>Something was only counted, and that is not written down yet.</summary>
    public virtual bool HasUnwrittenCounts => false;

    /// <summary>Writes down what was counted.</summary>
    public virtual void WriteCounts(EventWriter writer, List<EncodedEvent> events)
    {
    }

    /// <summary>Which numbers of the stream are not in the journal, in words; null where all are.</summary>
    public string? Missing { get; private set; }

    /// <summary>Takes over the next row of the stream.</summary>
    /// <param name="isProven">Whether a node wrote it; what nobody proves has its number, and is no evidence.</param>
    /// <exception cref="InvalidDataException">The row is not one that this program could have written.</exception>
    public void Replay(JournalRow row, bool isProven)
    {
        if (row.Sequence is < 1 or > MostEvents)
        {
            throw new InvalidDataException(
                $"The row at position {row.Position} has the sequence number {row.Sequence}, which no node gives.");
        }

        if (row.Manifest == JournalTable.CutManifest)
        {
            isCut = true;
            PassTo(row.Sequence);
            return;
        }

        if (row.Sequence > Sequence + 1)
        {
            Missing = $"the numbers {Sequence + 1} to {row.Sequence - 1} of the stream are not in the journal: rows "
                + "were taken out of it, or put into it by something that is no node; see \"audit verify\"";
            PassTo(row.Sequence - 1);
        }

        if (isProven)
        {
            Evolve(row);
        }
        else
        {
            PassTo(row.Sequence);
        }
    }

    private protected abstract void Evolve(JournalRow row);

    /// <summary>Goes on behind a number of which there is no evidence.</summary>
    private protected abstract void PassTo(long sequence);

    /// <summary>Decides a review, and adds the event where there is one.</summary>
    private protected static ReviewDecision Decide(
        IReviewable judged, Reviewable of, ReviewSubmission act, EventWriter writer, List<EncodedEvent> events,
        EngineOptions options)
    {
        var decision = ReviewDecider.Decide(judged, act.Review);
        if (decision.Taken is { } review)
        {
            var kept = RedactedActs.Of(act.Reason, options.Redactor);
            events.Add(writer.Write(of, review, kept.Json.Span, kept.Mark));
        }

        return decision;
    }

    private protected static ReceiptStatus StatusOf(MessageOutcome outcome) => outcome switch
    {
        MessageOutcome.Recorded => ReceiptStatus.Recorded,
        MessageOutcome.Duplicate => ReceiptStatus.Duplicate,
        MessageOutcome.Violation => ReceiptStatus.Violation,
        MessageOutcome.Counted => ReceiptStatus.Counted,
        _ => ReceiptStatus.Refused,
    };
}

/// <summary>A day of the node's own acts: no law but their order.</summary>
public sealed class OperatorStream : AuditStream
{
    private long sequence;

    public override long Sequence => sequence;

    private protected override Receipt DecideNext(
        Submission submission, EventWriter writer, List<EncodedEvent> events, EngineOptions options)
    {
        var act = (OperatorSubmission)submission;
        // Whoever has read further than this node knows of rows that others wrote: the journal takes none in their
        // place, and then it is asked again with them.
        if (act.After >= 0 && act.After < sequence)
        {
            return new Receipt(
                ReceiptStatus.Refused, Error: $"its stream goes on behind {act.After}, up to {sequence}, by now");
        }

        var kept = RedactedActs.Of(act.Detail, options.Redactor);
        events.Add(writer.WriteOperator(act.Act, act.Actor, act.At, kept.Json.Span, kept.Mark, act.Facts.Span));
        return new Receipt(ReceiptStatus.Recorded, ++sequence);
    }

    private protected override void Evolve(JournalRow row) => sequence = row.Sequence;

    private protected override void PassTo(long sequence) => this.sequence = sequence;
}

/// <summary>The notes of one session.</summary>
public sealed class SessionStream : AuditStream
{
    private SessionHistory history = SessionHistory.Empty;

    public override long Sequence => history.Sequence;

    private protected override Receipt DecideNext(
        Submission submission, EventWriter writer, List<EncodedEvent> events, EngineOptions options)
    {
        var noted = (NoteSubmission)submission;
        var decision = SessionDecider.Decide(history, noted.Note);
        if (decision.Note is { } note)
        {
            events.Add(writer.Write(
                noted.Session, noted.TaskId, noted.Agent, note, noted.Detail.Span, noted.Redacted));
        }

        history = decision.After;
        return new Receipt(StatusOf(decision.Outcome), decision.Sequence, Error: decision.Error);
    }

    private protected override void Evolve(JournalRow row) =>
        history = SessionDecider.Evolve(history, EventReader.ReadNote(row));

    private protected override void PassTo(long sequence) => history = history with { Sequence = sequence };
}

/// <summary>One task window.</summary>
public sealed class WindowStream : AuditStream
{
    private WindowHistory history = WindowHistory.Empty;

    public override long Sequence => history.Sequence;

    private protected override Receipt DecideNext(
        Submission submission, EventWriter writer, List<EncodedEvent> events, EngineOptions options)
    {
        if (submission is ReviewSubmission reviewed)
        {
            return Decide(reviewed, writer, events, options);
        }

        var act = (WindowSubmission)submission;
        if (RedactedActs.Refuse(act, options.Redactor) is { } refusal)
        {
            return new Receipt(ReceiptStatus.Refused, Error: refusal);
        }

        var message = RedactedActs.Of(act.Message, options.Redactor);
        var kept = RedactedActs.Of(act.Body, options.Redactor);
        var decision = WindowDecider.Decide(history, message, options.MaxWindowLength);
        foreach (var happened in decision.Events)
        {
            events.Add(writer.Write(act.WindowId, happened, kept.Json.Span, kept.Mark));
        }

        history = decision.After;
        var receipt = new Receipt(StatusOf(decision.Outcome), decision.Sequence, EventWriter.WordOf(history.State));
        return decision.Outcome switch
        {
            MessageOutcome.Violation => receipt with
            {
                Message = EventWriter.WordOf(act.Message.Verb),
                Reason = decision.Sentence,
            },
            MessageOutcome.Refused => receipt with { Error = decision.Sentence },
            _ => receipt,
        };
    }

    private Receipt Decide(
        ReviewSubmission act, EventWriter writer, List<EncodedEvent> events, EngineOptions options)
    {
        var of = (Reviewable.Window)act.Of with { State = history.State };
        var decision = Decide(history, of, act, writer, events, options);
        if (decision.Taken is { } review)
        {
            history = WindowDecider.Evolve(history, WindowEvent.Reviewed.Of(review, history.State));
        }

        return new Receipt(
            StatusOf(decision.Outcome), decision.Sequence, EventWriter.WordOf(history.State), Error: decision.Error);
    }

    private protected override void Evolve(JournalRow row) =>
        history = WindowDecider.Evolve(history, EventReader.ReadWindow(row));

    private protected override void PassTo(long sequence) => history = history with { Sequence = sequence };
}
