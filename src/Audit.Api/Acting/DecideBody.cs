using Audit.Api.Diary;
using Audit.Api.Intake;

namespace Audit.Api.Acting;

/// <summary>What is written of one question: by what it says, so that the same one again is known again.</summary>
internal sealed class Asking
{
    private readonly RecordIntake intake;
    private readonly ItemDefaults defaults;
    private readonly Timestamp at;

    /// <summary>A keyed hash of the place for which an approval may hold.</summary>
    private readonly string? location;

    /// <exception cref="UnreadableException">The body is no call.</exception>
    public Asking(DecideBody body, Timestamp now, ItemDefaults defaults, RecordIntake intake)
    {
        (Body, Now, this.defaults, this.intake, at) = (body, now, defaults, intake, body.RecordedAt ?? now);
        Question = Read(body.Asks(at, null));
        location = body.PlaceAsked is { Length: > 0 } place
            ? intake.Hasher.OfBytes(Encoding.UTF8.GetBytes("location\0" + place)).ToString()
            : null;
    }

    public DecideBody Body { get; }

    public Timestamp Now { get; }

    public CallSubmission Question { get; }

    public PolicyMark MarkOf(DecisionPolicy policy, PolicyVerdict verdict) => new(
        policy.Version, verdict.Rule, verdict.Would is { } would ? PolicyWords.Of(would.Then) : null,
        verdict.Would?.Rule, Kind: verdict.Kind, Location: location);

    /// <summary>The approval of more calls than one that this verdict gives, or that would cover what it asks.</summary>
    public StandingApproval Approving(DecisionPolicy policy, PolicyVerdict verdict) => new(
        StandingApproval.NewId(Now), Question.Session, Question.Agent, Question.Message.ToolName ?? "", verdict.Kind,
        verdict.Then == Ruling.ApproveForSession ? null : location, policy.Version, verdict.Rule, IsByRule: true,
        Deciding.ByPolicy, Question.ToolCallId, Now, Now.Add(StandingApproval.Longest));

    public CallSubmission Requested(bool isWhole, PolicyMark? mark) =>
        With(Read(Body.Requests(at, isWhole)), MessageKind.Requested, mark, null);

    /// <param name="why">What the policy tells the person whom it asks; it makes no other question.</param>
    public CallSubmission Asked(PolicyMark? mark, Timestamp? ends, string? why = null) => With(
        why is null ? Question : Read(Body.Asks(at, why)), MessageKind.RequiresConfirmation, mark, ends);

    /// <summary>The node's own answer, on the question that stands then.</summary>
    public CallSubmission Answered(Outcome outcome, PolicyMark mark, Timestamp? until)
    {
        var asked = Question.Message;
        var kind = outcome is Outcome.Approved ? MessageKind.Approved : MessageKind.Blocked;
        return DecisionRecord.OfNode(
            new CallAddress(Question.Session, Question.ToolCallId), Question.Agent, asked, (kind, outcome), at,
            new Delivery
            {
                ReceivedAt = Now, Dedup = Once(MessageKind.Approved, outcome is Outcome.Blocked ? mark.Order : null),
                TaskId = asked.TaskId, Answers = new Answer(0, asked.Question), Policy = mark, ExpiresAt = until,
            });
    }

    private CallSubmission With(CallSubmission item, MessageKind kind, PolicyMark? mark, Timestamp? ends) => new(
        item.Session, item.ToolCallId, item.Agent,
        item.Message with
        {
            Dedup = Once(kind), Policy = mark, ExpiresAt = ends, TimeInferred = Body.RecordedAt is null,
        },
        item.Record)
    {
        Bounds = item.Bounds, Redacted = item.Redacted,
    };

    private CallSubmission Read(ReadOnlyMemory<byte> item) =>
        intake.Items.Read(item, defaults) is { Submission: var read, Error: var error }
            ? read as CallSubmission ?? throw new UnreadableException("", error ?? "no call")
            : throw new UnreadableException("", "no call");

    /// <summary>Whoever asks the same of the same call in the same turn asks once, whatever the time.</summary>
    /// <param name="stop">What refuses it although it was answered before.</param>
    private Fingerprint Once(MessageKind kind, string? stop = null) => intake.Hasher.OfBytes(Encoding.UTF8.GetBytes(
        $"decide\0{kind}\0{Question.Message.Turn}\0{Question.Message.Question}\0{stop}"));
}

/// <summary>What a host asks: a tool call as it stands in a record, and its own permission request.</summary>
internal sealed class DecideBody
{
    private const string Session = "session_id", Task = "task_id", Agent = "agent", Parent = "parent",
        Call = "tool_call_id", Tool = "tool_name", Display = "display_name", Tier = "tier", Turn = "turn",
        Provenance = "provenance",
        Requested = "requested_input", Effective = "effective_input", Description = "description",
        Permission = "permission", Location = "location", Recorded = "recorded_at", Expires = "expires_at";

    private const string Unsaid = "the node's policy asks a person", HostSays = "; the host says: ";

    public const string Members =
        "The body is {session_id?, task_id?, agent?, parent?, tool_call_id, tool_name, display_name?, tier?, turn?, "
        + "provenance?, requested_input?, effective_input?, description?, permission?, location?, recorded_at?, "
        + "expires_at?}: the call as it stands in a record, and the host's own permission request. ";

    private static readonly string[] Known =
    [
        Session, Task, Agent, Parent, Call, Tool, Display, Tier, Turn, Provenance, Requested, Effective, Description,
        Permission, Location, Recorded, Expires,
    ];

    private static readonly string[] OfRecord = [Call, Display, Tier, Turn, Provenance];
    private static readonly string[] Inputs = [Requested, Effective];

    private readonly StrictObject body;

    private DecideBody(StrictObject body) => this.body = body;

    /// <exception cref="UnreadableException">It is none; the message says where.</exception>
    public static DecideBody Read(ReadOnlyMemory<byte> bytes)
    {
        var body = StrictObject.Parse(bytes);
        body.RequireOnly(Known);
        _ = body.RequiredText(Call);
        _ = body.Text(Tool) ?? (body.Member(Permission) is not null ? ""
            : throw new UnreadableException(Tool, $"missing; where there is none, {Permission} says what is asked"));
        _ = (body.Text(Description), body.Text(Location), body.Time(Recorded), body.Time(Expires));

        if (body.Member(Permission) is { ValueKind: not JsonValueKind.Object } other)
        {
            throw StrictObject.Wrong(Permission, "an object is expected", other);
        }

        return new DecideBody(body);
    }

    /// <summary>When the host asked, by its own clock; null where it does not say.</summary>
    public Timestamp? RecordedAt => body.Time(Recorded);

    /// <summary>When the host gives up waiting for a person; null where it does not say.</summary>
    public Timestamp? ExpiresAt => body.Time(Expires);

    /// <summary>The place for which an approval may hold.</summary>
    public string? PlaceAsked => body.Text(Location);

    /// <summary>What a policy looks at; agent and task as the item and its token have them.</summary>
    public PolicyRequest RequestOf(string source, string? agent, string? task) => new(ToolName, source)
    {
        Tier = body.Text(Tier),
        Kind = KindClaimed,
        Agent = agent,
        Task = task,
        Input = body.Member(Effective) ?? body.Member(Requested),
        Permission = body.Member(Permission),
    };

    /// <summary>The same where no node knows the token.</summary>
    public PolicyRequest RequestOf(string source) => RequestOf(source, body.Text(Agent), body.Text(Task));

    /// <summary>The call as an item that says it was requested.</summary>
    /// <param name="isWhole">With its inputs, which a question has itself.</param>
    public ReadOnlyMemory<byte> Requests(Timestamp at, bool isWhole) => ItemOf(at, isWhole, json =>
    {
        json.WriteString("kind", Words.Of(MessageKind.Requested));
        if (isWhole)
        {
            Copy(json, Permission, Location);
        }
    });

    /// <summary>The call as an item that asks.</summary>
    /// <param name="why">What the policy says of it, which stands before what the host says.</param>
    public ReadOnlyMemory<byte> Asks(Timestamp at, string? why) => ItemOf(at, isWhole: true, json =>
    {
        var said = body.Text(Description);
        json.WriteString("kind", Words.Of(MessageKind.RequiresConfirmation));
        json.WriteString(
            Description,
            why is null ? said ?? Unsaid
                : said is null ? why : why + HostSays + said);
        Copy(json, Permission, Location);
    });

    /// <summary>What of a question's description is the host's.</summary>
    /// <param name="why">What the policy said of it; null where it said nothing, or that is not known.</param>
    public static string? SaidByHost(string? description, string? why) =>
        description is null or Unsaid || description == why ? null
        : why is not null && description.StartsWith(why + HostSays, StringComparison.Ordinal)
            ? description[(why.Length + HostSays.Length)..]
            : description;

    private ReadOnlyMemory<byte> ItemOf(Timestamp at, bool isWhole, Action<Utf8JsonWriter> outcome)
    {
        var item = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(item, Reply.Options);
        json.WriteStartObject();
        Copy(json, Session, Task, Agent, Parent);
        json.WriteStartObject("record");
        json.WriteString(Tool, body.Text(Tool) ?? "");
        Copy(json, OfRecord);
        Copy(json, isWhole ? Inputs : []);
        json.WriteStartObject("outcome");
        outcome(json);
        json.WriteEndObject();
        json.WriteString(Recorded, at.ToString());
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return item.WrittenMemory;
    }

    /// <summary>Members as they were sent.</summary>
    private void Copy(Utf8JsonWriter json, params string[] names)
    {
        foreach (var name in names)
        {
            if (body.Member(name) is { } value)
            {
                json.WritePropertyName(name);
                json.WriteRawValue(value.GetRawText(), skipInputValidation: true);
            }
        }
    }

    private string ToolName => body.Text(Tool) is { Length: > 0 } name ? name : KindClaimed ?? "";

    private string? KindClaimed =>
        body.Member(Permission) is { } asked && asked.TryGetProperty("kind", out var kind)
            && kind.ValueKind == JsonValueKind.String ? kind.GetString() : null;
}
