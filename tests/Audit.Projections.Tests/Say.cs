using System.Text;
using System.Text.Json;

namespace Audit.Projections.Tests;

/// <summary>One item as a host sends it, in minutes after a beginning.</summary>
internal sealed record Say(string Session, string Call, Outcome Outcome, double Minute)
{
    public static readonly DateTimeOffset Start = DateTimeOffset.Parse("2026-11-20T14:00:00Z");

    public static readonly RecordHasher Hasher = TestKeys.Hasher;

    public static readonly Outcome Asked = new Outcome.RequiresConfirmation("may I?", null);

    public double? ReceivedMinute { get; init; }

    public string? Task { get; init; }

    public string? Agent { get; init; }

    public string? Parent { get; init; }

    public string Tool { get; init; } = "sql.query";

    public string Token { get; init; } = "ci-7";

    public string Source { get; init; } = "ci";

    public long? Seq { get; init; }

    public string? MessageId { get; init; }

    public int Turn { get; init; } = 1;

    /// <summary>By which policy of the node it was asked, or would have been.</summary>
    public PolicyMark? Policy { get; init; }

    public double? EndsMinute { get; init; }

    /// <summary>A person's answer through the node: on which message.</summary>
    public long? Answers { get; init; }

    public string Input { get; init; } = """{"sql":"SELECT 1"}""";

    public static Timestamp At(double minute) => Timestamp.From(Start.AddMinutes(minute));

    public static Outcome Done(bool success = true, long? durationMs = null) =>
        new Outcome.Completed(new ToolResult(success, "done") { DurationMs = durationMs });

    public static implicit operator Submission(Say say) => say.ToSubmission();

    public static Submission Note(string session, string type, double minute, long? seq = null, string host = "ci-7") => Read(
        JsonSerializer.SerializeToUtf8Bytes(new { session_id = session, seq, note = new { type, at = At(minute).ToString(), detail = new { minute } } }),
        host, minute);

    public static Submission Window(
        string window, WindowVerb verb, string actor, double minute, double? opens = null, double? closes = null,
        string task = "migrate-orders", string agent = "copilot", params string[] scope)
    {
        var body = Encoding.UTF8.GetBytes($"\"{verb} {actor} {minute} {opens} {closes}\"");
        var delivery = new WindowDelivery
        {
            Actor = actor, ReceivedAt = At(minute), Dedup = Hasher.OfBytes(body), Reason = "a reason",
            MayEndAny = true,
        };
        Timestamp? closesAt = closes is { } until ? At(until) : null;
        var terms = new WindowTerms(task, agent, scope.Length == 0 ? ["sql.*"] : scope, "migration")
        {
            OpensAt = opens is { } from ? At(from) : null,
            ClosesAt = closesAt,
            Sources = ["c*"],
        };
        var span = new WindowSpan(Named("s"), At(opens ?? 0), At(closes ?? 60));
        return new WindowSubmission(window, WindowMessage.Of(verb, delivery, terms, closesAt, span), body);
    }

    /// <summary>What the session reported late of a time counts as done in the window.</summary>
    public static Submission Accept(
        string window, string session, double from, double until, double minute, string actor = "grace")
    {
        var body = Encoding.UTF8.GetBytes($"\"{session} {from} {until} {minute}\"");
        var delivery = new WindowDelivery
        {
            Actor = actor, ReceivedAt = At(minute), Dedup = Hasher.OfBytes(body), Reason = "the line was cut",
        };
        var span = new WindowSpan(Named(session), At(from), At(until));
        return new WindowSubmission(window, new WindowMessage.Accept(delivery, span), body);
    }

    /// <summary>A person acknowledges a violation of the call.</summary>
    public Submission Review(string by, ViolationCause cause, long sequence, string reason) => new ReviewSubmission(
        new Reviewable.Call(Named(Session), Call, Task, Agent),
        new Review([new SeenVerdict(sequence, cause)], by, null, At(Minute)), JsonSerializer.SerializeToUtf8Bytes(new { reason }));

    /// <summary>A person acknowledges a refused act on a window.</summary>
    public static Submission ReviewWindow(string window, string by, long sequence, double minute) => new ReviewSubmission(
        new Reviewable.Window(window), new Review([new SeenVerdict(sequence, ViolationCause.NotAllowed)], by, null, At(minute)),
        """{"reason":"seen"}"""u8.ToArray());

    /// <summary>A node starts or stops.</summary>
    public static Submission Node(string act, double minute) =>
        new OperatorSubmission(act, "node@here", At(minute), "{}"u8.ToArray());

    /// <summary>An export is given to somebody.</summary>
    public static Submission Copy(double minute) => new OperatorSubmission(
        StreamNames.Reader("node", At(minute).ToDateTimeOffset()), ReadActs.Copied, "ann", At(minute), "{}"u8.ToArray());

    public Submission ToSubmission()
    {
        var read = (CallSubmission)ToRead();
        var message = read.Message with { Policy = Policy, ExpiresAt = EndsMinute is { } end ? At(end) : null };
        if (Answers is { } sequence)
        {
            var asked = (CallSubmission)(this with { Outcome = Asked }).ToRead();
            message = message with { MadeByNode = true, Answers = new Answer(sequence, asked.Message.Question) };
        }

        return Policy is null && Answers is null
            ? read
            : new CallSubmission(read.Session, read.ToolCallId, read.Agent, message, read.Record);
    }

    private Submission ToRead() => Read(
        JsonSerializer.SerializeToUtf8Bytes(new
        {
            session_id = Session,
            task_id = Task,
            agent = Agent,
            parent = Parent,
            seq = Seq,
            message_id = MessageId,
            record = JsonDocument.Parse(Record()).RootElement,
        }),
        Token,
        ReceivedMinute ?? Minute,
        Source);

    private byte[] Record() => new ToolAuditRecord
    {
        ToolCallId = Call,
        ToolName = Tool,
        Tier = "Confirm",
        Turn = Turn,
        EffectiveInput = JsonDocument.Parse(Input).RootElement,
        Provenance = new Provenance("anthropic", "claude"),
        Outcome = Outcome,
        RecordedAt = At(Minute).ToString(),
    }.ToUtf8();

    /// <summary>A session of the source of these stories.</summary>
    public static SessionName Named(string session, string source = "ci") => new(source, session);

    private static Submission Read(byte[] item, string token, double receivedMinute, string source = "ci")
    {
        var read = new ItemReader(Hasher).Read(item, new ItemDefaults(source, token, At(receivedMinute)));
        return read.Submission ?? throw new InvalidOperationException(read.Error);
    }
}
