namespace Audit.Projections.Facts;

/// <summary>
/// What the read models need of one event, read once: facts without the payload, so that a batch in work stays small
/// however large its records are. All times are clamped to what a read store can hold.
/// </summary>
internal sealed class EventFacts
{
    public required long Position { get; init; }

    public required long Sequence { get; init; }

    /// <summary>The persistence id, under which a call is known while a batch is folded.</summary>
    public required string Stream { get; init; }

    public EventKind Kind { get; set; }

    public Timestamp ReceivedAt { get; set; }

    public string SessionId { get; set; } = "";

    /// <summary>Whose session or call it is; empty with a window.</summary>
    public string Source { get; set; } = "";

    public SessionName Session => new(Source, SessionId);

    public string CallId { get; set; } = "";

    public string Token { get; set; } = "";

    public string? Task { get; set; }

    public string? Agent { get; set; }

    /// <summary>The host's own number of the message within the session.</summary>
    public long? Seq { get; set; }

    public MessageKind Message { get; set; }

    /// <summary>The verdict as it was on arrival.</summary>
    public Verdict Verdict { get; set; }

    /// <summary>With a violation: what was wrong, in a sentence.</summary>
    public string? Violation { get; set; }

    /// <summary>Kept as evidence only: it was too large to be read.</summary>
    public bool Oversized { get; set; }

    /// <summary>Another channel reports what is known, and it counts for nothing.</summary>
    public bool Confirms { get; set; }

    /// <summary>Another channel reported it before, and differently.</summary>
    public bool Differs => (Verdict.Anomalies & Anomalies.ChannelsDiffer) != 0;

    public bool Late { get; set; }

    public bool MadeByNode { get; set; }

    /// <summary>The node took a person's approval of her own question, in a book that allows it.</summary>
    public bool SelfApproved { get; set; }

    /// <summary>A decision of the node: the question that it answers, by its sequence number.</summary>
    public long? Answers { get; set; }

    /// <summary>What a question says that a decision on it covers.</summary>
    public string? Question { get; set; }

    /// <summary>Of a question: what of it is not kept.</summary>
    public string? NotSeenWhole { get; set; }

    /// <summary>By which policy of the node it was asked or answered.</summary>
    public PolicyMark? Policy { get; set; }

    /// <summary>Of the node's own question or approval: when it ends.</summary>
    public Timestamp? EndsAt { get; set; }

    /// <summary>The person, or the token of a service.</summary>
    public string Behind { get; set; } = "";

    public bool TimeInferred { get; set; }

    public Timestamp RecordedAt { get; set; }

    /// <summary>
    /// The time that another channel gave in place of the inferred one, by which windows never judge.
    /// </summary>
    public Timestamp? GivenAt { get; set; }

    public long Turn { get; set; }

    public string? Tool { get; set; }

    public string? Provider { get; set; }

    public string? Model { get; set; }

    /// <summary>What was asked of the tool, in one short line.</summary>
    public string? Command { get; set; }

    /// <summary>The reason, description or error of the outcome, in one short line.</summary>
    public string? Remark { get; set; }

    public string? Decision { get; set; }

    public string? By { get; set; }

    public bool? Success { get; set; }

    public long? DurationMs { get; set; }

    /// <summary>It says that another input was executed than was asked for.</summary>
    public bool Altered { get; set; }

    /// <summary>A secret was taken out of it.</summary>
    public bool Redacted { get; set; }

    public long Flooded { get; set; }

    public string? NoteType { get; set; }

    public WindowEvent? Window { get; set; }

    /// <summary>The call in whose course it was made.</summary>
    public string? Parent { get; set; }

    public bool IsAheadOfClock => RecordedAt > ReceivedAt.Add(CallMessage.ClockTolerance);

    /// <summary>When it happened, as far as the host is believed: a clock that runs ahead is not.</summary>
    public Timestamp At => RecordedAt == default || IsAheadOfClock ? ReceivedAt : RecordedAt;

    public bool IsReportedLate => ReceivedAt > RecordedAt.Add(CallMessage.ClockTolerance);

    /// <summary>It moves the call, or is evidence of it, and so says what the call is about.</summary>
    public bool Names(Verdict verdict) => !verdict.IsViolation;

    /// <summary>
    /// Whether the call stands elsewhere by it; a second report of one message says nothing new of that.
    /// </summary>
    public bool Moves(Verdict verdict) => Names(verdict) && !Oversized && !Confirms
        && !(Differs && verdict.To == verdict.From && Message != MessageKind.RequiresConfirmation);
}

/// <summary>What an event means to the read models.</summary>
internal enum EventKind : byte
{
    /// <summary>
    /// Nothing but that time went on: an act of the node itself, or a row that another program wrote.
    /// </summary>
    Passed,

    /// <summary>A message of a host, legal or not.</summary>
    Received,

    Rejudged,

    Flooded,

    /// <summary>A person acknowledged violations.</summary>
    Reviewed,

    /// <summary>A bundle or an export was given to somebody.</summary>
    Copied,

    NodeStarted,

    NodeStopped,

    Noted,

    Window,
}

/// <summary>Clamps the times of an event of a window to what a read store can hold.</summary>
internal static class WindowClock
{
    public static WindowEvent Clamp(WindowEvent happened)
    {
        var received = happened with { Message = Clamp(happened.Message) };
        return received switch
        {
            WindowEvent.Approved approved => approved with
            {
                OpensAt = Instants.Clamp(approved.OpensAt),
                ClosesAt = Instants.Clamp(approved.ClosesAt),
            },
            WindowEvent.Extended extended => extended with { ClosesAt = Instants.Clamp(extended.ClosesAt) },
            WindowEvent.Accepted accepted => accepted with { Span = Clamp(accepted.Span) },
            _ => received,
        };
    }

    private static WindowMessage Clamp(WindowMessage message)
    {
        var delivery = message.Delivery with { ReceivedAt = Instants.Clamp(message.ReceivedAt) };
        return message switch
        {
            WindowMessage.Extend extend => new WindowMessage.Extend(delivery, Instants.Clamp(extend.ClosesAt)),
            WindowMessage.Accept accept => new WindowMessage.Accept(delivery, Clamp(accept.Span)),
            _ => message with { Delivery = delivery },
        };
    }

    private static WindowSpan Clamp(WindowSpan span) =>
        span with { From = Instants.Clamp(span.From), Until = Instants.Clamp(span.Until) };
}
