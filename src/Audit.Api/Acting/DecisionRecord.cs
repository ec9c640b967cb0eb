using Audit.Api.Diary;
using Audit.Api.Intake;
using Audit.Api.Reading;

namespace Audit.Api.Acting;

/// <summary>
/// What was decided of a call. Who decides is always the token's name; whom it acts for stands beside it.
/// </summary>
internal sealed record Decision(Outcome Outcome, string? OnBehalfOf)
{
    private const string OnBehalfOfName = "on_behalf_of";

    public static Decision Of(ToolAuditRecord record) => new(
        record.Outcome,
        record.Unknown?.GetValueOrDefault(OnBehalfOfName) is { ValueKind: JsonValueKind.String } person
            ? person.GetString()
            : null);

    /// <summary>The record of the decision: all but the outcome stands as in the call's last one.</summary>
    public ToolAuditRecord WriteInto(ToolAuditRecord last) => last with
    {
        Outcome = Outcome,
        Unknown = OnBehalfOf is null
            ? null
            : new Dictionary<string, JsonElement> { [OnBehalfOfName] = Text(OnBehalfOf) },
    };

    private static JsonElement Text(string text) =>
        JsonDocument.Parse("\"" + JsonEncodedText.Encode(text) + "\"").RootElement;
}

/// <summary>A decision as it was sent: what was decided, and on which question.</summary>
internal sealed record WantedDecision(Decision Decision, Answer Answers)
{
    /// <summary>Whether who is behind the question may approve it: a book of one person.</summary>
    public bool MayBeOwn { get; init; }

    /// <summary>Whoever decides knows that something of the question was cut or redacted.</summary>
    public bool NotSeenWhole { get; init; }

    /// <summary>Until when the tool may begin; null where no policy says it.</summary>
    public Timestamp? HoldsUntil { get; init; }

    public bool Approves => Decision.Outcome is Outcome.Approved;
}

/// <summary>The record by which the node reports a decision that came through it.</summary>
internal static class DecisionRecord
{
    private const string Source = "human_response";

    /// <summary>The words by which a person approves: each does what it says.</summary>
    private static readonly string[] Approving =
    [
        .. new[] { Ruling.ApproveOnce, Ruling.ApproveForSession, Ruling.ApproveForLocation }.Select(PolicyWords.Of),
        "approved",
    ];

    public static readonly string Accepted = string.Join(", ", Approving);

    /// <exception cref="UnreadableException">The body names no decision, or no question.</exception>
    public static WantedDecision Read(StrictObject body, string actor)
    {
        var decision = body.RequiredText("decision");
        var feedback = body.Text("feedback");
        var approves = Approving.Contains(decision);
        if (!approves && ApprovingDecisions.Contains(decision))
        {
            throw new UnreadableException(
                "decision", $"by \"{decision}\" hosts tell of approvals that they keep themselves, and nobody approves by it "
                    + $"here; accepted are {Accepted}, and words that refuse");
        }

        Outcome outcome = approves
            ? new Outcome.Approved(decision) { By = actor, Source = Source, Feedback = feedback }
            : new Outcome.Blocked(feedback ?? $"refused by {actor}")
            {
                Decision = decision, By = actor, Source = Source, Feedback = feedback,
            };
        var onBehalfOf = body.Text("by");
        var sequence = body.RequiredNumber("sequence");
        return Fingerprint.TryParse(body.RequiredText("question"), out var question)
            ? new WantedDecision(new Decision(outcome, onBehalfOf), new Answer(sequence, question))
            {
                NotSeenWhole = body.Flag("not_seen_whole"),
            }
            : throw new UnreadableException("question", "not the question of a call, as the node shows it");
    }

    /// <summary>What the node says of a call by itself.</summary>
    /// <param name="of">The question, or what is asked.</param>
    public static CallSubmission OfNode(
        CallAddress address, string? agent, CallMessage of, (MessageKind Kind, Outcome Outcome) said, Timestamp at,
        Delivery delivery)
    {
        var record = new ToolAuditRecord
        {
            ToolCallId = address.Call, ToolName = of.ToolName ?? "", Turn = of.Turn, Outcome = said.Outcome,
            RecordedAt = at.ToString(),
        };
        var facts = new RecordFacts(
            address.Call, said.Kind, at, ToolName: of.ToolName, Turn: of.Turn, Input: of.Input);
        return new CallSubmission(
            address.Session, address.Call, agent,
            CallMessage.Of(facts, delivery with { Token = OperatorActs.Node, MadeByNode = true }), record.ToUtf8());
    }

    /// <summary>
    /// What the node writes: the record of the question with the decision for its outcome. Whether it answers the
    /// question that stands, and who may give it, is for the law to say.
    /// </summary>
    /// <returns>Null when there is no question at the sequence number that the decision names.</returns>
    public static async Task<CallSubmission?> MakeAsync(
        CallAddress address, CallRead call, WantedDecision wanted, Bearer actor, Timestamp now, RecordHasher hasher,
        PeopleNow people, CancellationToken cancellation)
    {
        if (await call.RowAsync(wanted.Answers.Sequence, cancellation) is not { } row
            || call.History.Find(wanted.Answers.Sequence) is not { } question)
        {
            return null;
        }

        var missing = wanted.Approves ? call.MissingOf(wanted.Answers.Sequence) : null;
        if (missing is not null && !wanted.NotSeenWhole)
        {
            throw new RefusedException(Problem.Refused(
                "not-seen-whole", "The question is not shown whole",
                $"Something of the question is missing ({missing}); who approves it all the same sends "
                    + "\"not_seen_whole\": true, or ticks that."));
        }

        var parties = await people.PartiesOfAsync(address.Session.Source, question.Message.Behind, cancellation);
        var isParty = parties.Include(actor);
        var time = now > call.LastTime ? now : call.LastTime.Next();
        var asked = EventReader.RecordOf(row.Message) is { IsEmpty: false } record
            ? ToolAuditRecord.Parse(record.Span)
            : Unread(address, question.Message);
        var octets = wanted.Decision.WriteInto(asked with { RecordedAt = time.ToString() }).ToUtf8();
        var json = new StrictJsonReader(octets);
        json.Read();
        var read = RecordReader.Read(ref json, hasher);

        // What is approved is the question as it was received, however little of it is kept.
        var message = CallMessage.Of(read.Facts with { Input = question.Message.Input }, new Delivery
        {
            ReceivedAt = now,
            Token = actor.Name,
            Dedup = read.Dedup,
            TaskId = call.History.Standing.TaskId,
            MadeByNode = true,
            Answers = wanted.Answers,
            Person = actor.PersonBesideName,
            OfParty = isParty,
            SelfApproved = wanted.MayBeOwn && isParty,
            NotSeenWhole = missing is not null,
            ExpiresAt = wanted.HoldsUntil,
            MintedByParty = wanted.Approves && parties.MintedFor(actor, now.ToDateTimeOffset()),
        });
        return new CallSubmission(address.Session, address.Call, call.Agent, message, octets);
    }

    /// <summary>For a question of which only the head is kept, or can be read.</summary>
    private static ToolAuditRecord Unread(CallAddress address, CallMessage question) => new()
    {
        ToolCallId = address.Call,
        ToolName = question.ToolName ?? "",
        Turn = question.Turn,
        Outcome = new Outcome.Requested(),
        RecordedAt = "",
    };

    /// <summary>The same decision again changes nothing: it is the answer to a request whose answer was lost.</summary>
    public static Receipt? Repeated(CallRead call, WantedDecision wanted) =>
        call.LastDecision is { } last && last.Decision == wanted.Decision && last.Answers == wanted.Answers
            ? Receipt.Duplicate(
                last.Row.Position, last.Row.Sequence, Words.Of(call.State), call.History.Standing.Attempt)
            : null;
}
