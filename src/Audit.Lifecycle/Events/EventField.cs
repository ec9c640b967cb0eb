using Audit.Lifecycle.Calls;
using Audit.Lifecycle.Records;

namespace Audit.Lifecycle.Events;

/// <summary>
/// The members of the events, each name once: the writer writes by them and <see cref="EventView"/> finds by them.
/// Names are written
/// for ever. Lists of members have the order in which these are mostly written, which makes them quick to find.
/// </summary>
public sealed class EventField
{
    /// <summary>Of the result of an outcome.</summary>
    public static readonly EventField
        Success = new("success"), Output = new("output"), DurationMs = new("duration_ms"),
        Result = new("result", Success, Output, DurationMs);

    /// <summary>Of the outcome of a record.</summary>
    public static readonly EventField
        Kind = new("kind"), Description = new("description"), OutcomeReason = new("reason"), Error = new("error"),
        Decision = new("decision"), By = new("by"), DecisionSource = new("source"), Permission = new("permission"),
        Outcome = new(
            "outcome", Kind, Result, Description, Permission, OutcomeReason, Error, Decision, By, DecisionSource);

    public static readonly EventField
        Provider = new("provider"), Model = new("model"), Provenance = new("provenance", Provider, Model);

    /// <summary>Of a record, which stands in the event as it was sent.</summary>
    public static readonly EventField
        RecordedCall = new("tool_call_id"), ToolName = new("tool_name"), DisplayName = new("display_name"),
        Tier = new("tier"),
        RequestedInput = new("requested_input"), EffectiveInput = new("effective_input"), Turn = new("turn"),
        RecordedAt = new("recorded_at"),
        Record = new(
            "record", RecordedCall, ToolName, DisplayName, Tier, RequestedInput, EffectiveInput, Turn, Provenance,
            Outcome, RecordedAt);

    /// <summary>Of what is asked for with a task window.</summary>
    public static readonly EventField
        TermsTask = new("task_id"), TermsAgent = new("agent"), Scope = new("scope"), TermsReason = new("reason"),
        TermsOpensAt = new("opens_at"), TermsClosesAt = new("closes_at"), DurationSeconds = new("duration_seconds"),
        TermsSources = new("sources"), TermsAlias = new("alias"),
        Terms = new(
            "terms", TermsAlias, TermsTask, TermsAgent, Scope, TermsSources, TermsReason, TermsOpensAt, TermsClosesAt,
            DurationSeconds);

    /// <summary>Of what a person lets count as done in a window.</summary>
    public static readonly EventField
        AcceptedSource = new("source"), AcceptedSession = new("session_id"), AcceptedFrom = new("from"),
        AcceptedUntil = new("until"), AcceptedThrough = new("through"),
        Accepted = new(
            "accepted", AcceptedSource, AcceptedSession, AcceptedFrom, AcceptedUntil, AcceptedThrough);

    /// <summary>Of the event itself: whose it is, and by which token it came.</summary>
    public static readonly EventField
        Version = new("v"), Event = new("event"), ReceivedAt = new("received_at"), Source = new("source"),
        Token = new("token"), SessionId = new("session_id"),
        TaskId = new("task_id"), Agent = new("agent"), Parent = new("parent"), ToolCallId = new("tool_call_id"),
        WindowId = new("window_id");

    /// <summary>
    /// Of a record, what the law and the lists need of it: it holds also when nobody can read the record.
    /// </summary>
    public static readonly EventField
        FactKind = new("kind"), FactTurn = new("turn"), FactTool = new("tool"), FactTier = new("tier"),
        FactProvider = new("provider"), FactRecordedAt = new("recorded_at"), FactSuccess = new("success"),
        FactInput = new("input"), FactResult = new("result");

    /// <summary>A verdict, which stands in the event itself and twice in a re-judgement.</summary>
    public static readonly EventField
        From = new("from"), To = new("to"), Cause = new("cause"), Reason = new("reason"), Attempt = new("attempt"),
        Anomalies = new("anomalies"), Late = new("late"), MadeByNode = new("made_by_node"),
        WasTo = new("to"), WasCause = new("cause"),
        Was = new("was", new("from"), WasTo, WasCause, new("attempt"), new("anomalies")),
        NowFrom = new("from"), NowTo = new("to"), NowCause = new("cause"), NowAttempt = new("attempt"),
        NowAnomalies = new("anomalies"),
        Now = new("now", NowFrom, NowTo, NowCause, NowAttempt, NowAnomalies);

    /// <summary>Of a decision: the question that it answers.</summary>
    public static readonly EventField
        AnsweredSequence = new("sequence"), AnsweredQuestion = new("question"),
        Answers = new("answers", AnsweredSequence, AnsweredQuestion);

    /// <summary>By which policy of the node it was asked or answered, and how long that holds.</summary>
    public static readonly EventField
        PolicyVersion = new("version"), PolicyRule = new("rule"), PolicyOrder = new("order"),
        PolicyPeople = new("people"), PolicyApprovers = new("approvers"), PolicyWould = new("would"),
        PolicyWouldRule = new("would_rule"), PolicyKind = new("kind"), PolicyLocation = new("location"),
        Policy = new(
            "policy", PolicyVersion, PolicyRule, PolicyOrder, PolicyPeople, PolicyKind, PolicyLocation,
            PolicyApprovers, PolicyWould, PolicyWouldRule),
        ExpiresAt = new("expires_at");

    /// <summary>The delivery.</summary>
    public static readonly EventField
        Nonce = new("nonce"), MessageId = new("message_id"), Dedup = new("dedup"), Seq = new("seq"),
        Derived = new("derived"), DerivedId = new("derived_id"), Channel = new("channel"),
        Question = new("question"), Person = new("person"), SelfApproved = new("self_approved"),
        Time = new("time"), Redacted = new("redacted"), Redaction = new("redaction");

    /// <summary>Of a message that several channels report: what they are compared by, and what became of it.</summary>
    public static readonly EventField
        SaidOutcome = new("outcome"), SaidText = new("text"), SaidHead = new("head"), SaidLonger = new("longer"),
        SaidData = new("data"),
        Compared = new("compared", SaidOutcome, SaidText, SaidHead, SaidLonger, SaidData),
        BesideSequence = new("sequence"), Differing = new("differing"),
        Beside = new("beside", BesideSequence, Differing),
        ConfirmingToken = new("token"), ConfirmingChannel = new("channel"),
        ConfirmedBy = new("confirmed_by", ConfirmingToken, ConfirmingChannel);

    /// <summary>Of a review: of what it is, by whom, and why.</summary>
    public static readonly EventField
        Sequences = new("sequences"), Verdicts = new("verdicts"), ReviewedBy = new("by"), Finding = new("finding"),
        ReviewReason = new("reason"), Review = new("review", ReviewReason);

    /// <summary>What only one kind of event or another has.</summary>
    public static readonly EventField
        Type = new("type"), At = new("at"), Detail = new("detail"), Sequence = new("sequence"), Count = new("count"),
        AlsoDated = new("also_dated"),
        First = new("first"), Last = new("last"), Chain = new("chain"), Total = new("total"),
        Bytes = new("bytes"), Act = new("act"), Facts = new("facts"), Verb = new("verb"), Violation = new("violation"),
        OnBehalfOf = new("on_behalf_of"),
        SelfGranted = new("self_granted"), GrantedAfter = new(
            "granted_after"), MintedByParty = new("minted_by_party"), OpensAt = new("opens_at"), ClosesAt = new("closes_at"), Body = new("said");

    internal static readonly EventField[] OfEvent =
    [
        Version, Event, ReceivedAt, Source, Token, SessionId, ToolCallId, TaskId, Agent, Parent, FactKind, FactTurn,
        FactTool,
        FactTier, FactProvider, FactRecordedAt, FactSuccess, FactInput, FactResult,
        From, To, Cause, Reason, Attempt, Anomalies, Late, MadeByNode, Answers, Policy, ExpiresAt,
        Nonce, MessageId, Dedup, Seq, Derived, DerivedId, Channel, Compared, Beside, ConfirmedBy, Question, Person,
        SelfApproved, Time, Redacted, Redaction, Record, Type,
        At, Detail, Sequence, Was, Now, AlsoDated, Count, First, Last, Chain, Total, Bytes, Act, Facts,
        WindowId, Verb, Violation, OnBehalfOf, SelfGranted, GrantedAfter, MintedByParty, Terms, OpensAt, ClosesAt,
        Accepted, Body, Sequences, Verdicts, ReviewedBy, Finding, Review,
    ];

    private static int made;

    private readonly JsonEncodedText encoded;

    private EventField(string name, params EventField[] members)
    {
        (Name, Members, Index) = (name, members, made++);
        encoded = JsonEncodedText.Encode(name);
    }

    public string Name { get; }

    internal EventField[] Members { get; }

    /// <summary>Its place in a view.</summary>
    internal int Index { get; }

    internal ReadOnlySpan<byte> Utf8 => encoded.EncodedUtf8Bytes;

    public static implicit operator JsonEncodedText(EventField field) => field.encoded;
}
