using Audit.Api.Intake;
using Audit.Api.Reading;

namespace Audit.Api.Acting;

/// <summary>Decisions of people on calls, however they come: by the API or by a page.</summary>
internal sealed class Deciding(
    RecordIntake intake, IJournal journal, PeopleNow people, ApiSettings settings, OpenQuestions questions,
    OrderBook orders, PolicyBook policies)
{
    public const string ByPolicy = "policy";

    private const int LongestWait = 600;

    public static readonly QueryParameter Wait = new("wait", $"Seconds to wait for a person, up to {LongestWait}.");

    /// <summary>On a busy journal a waiting request looks no more often than this.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    private readonly SemaphoreSlim waiting = new(1000);

    /// <exception cref="RefusedException">There is no such call, or this bearer may not decide on it.</exception>
    public async Task<Receipt> DecideAsync(
        CallAddress address, StrictObject body, Bearer actor, CancellationToken cancellation)
    {
        if ((actor.Roles & Roles.Approve) == 0)
        {
            throw new RefusedException(Problem.Forbidden(
                $"The token \"{actor.Name}\" lacks the role approve, by which calls are decided on; no other implies "
                    + "it."));
        }

        var wanted = DecisionRecord.Read(body, actor.Name) with { MayBeOwn = settings.AllowSelfApproval };
        var call = await ReadAsync(address, actor, cancellation);
        if (DecisionRecord.Repeated(call, wanted) is { } repeated)
        {
            return await FollowAsync(address, call, wanted, actor, repeated, cancellation);
        }

        if (wanted.Approves && await orders.StopOfAsync(address.Session, call.Agent, cancellation) is { } stop)
        {
            throw new RefusedException(Problem.Refused(
                "stopped", "A stop stands",
                $"{stop.Sentence}. Nothing is approved before the stop {stop.Id} is lifted."));
        }

        RefuseOthers(call, wanted, actor);
        var submission = await DecisionRecord.MakeAsync(
            address, call, wanted with { HoldsUntil = HoldsUntil(call, wanted) }, actor, intake.Now, intake.Hasher,
            people, cancellation);
        return submission is null
            ? throw new RefusedException(Problem.Unprocessable(
                $"sequence: there is no question at sequence {wanted.Answers.Sequence} of this call."))
            : await FollowAsync(address, call, wanted, actor, await intake.SubmitAsync(submission), cancellation);
    }

    /// <summary>Until when a tool may begin that the node's policy had a person asked for.</summary>
    private Timestamp? HoldsUntil(CallRead call, WantedDecision wanted) =>
        wanted.Approves && call.QuestionMark is not null && policies.Now.Policy is { } policy
            ? intake.Now.Add(policy.ApprovalsHold)
            : null;

    /// <summary>
    /// What a person approves for more calls than one holds for them, once, and what he refuses ends that, also where
    /// a node fell between the refusal and this.
    /// </summary>
    private async Task<Receipt> FollowAsync(
        CallAddress address, CallRead call, WantedDecision wanted, Bearer actor, Receipt receipt,
        CancellationToken cancellation)
    {
        var follows = receipt.Status == ReceiptStatus.Recorded
            || (receipt.Status == ReceiptStatus.Duplicate && !wanted.Approves);
        if (!follows || call.QuestionMark is not { Kind: { } kind } mark)
        {
            return receipt;
        }

        var (now, tool) = (intake.Now, call.History.Find(wanted.Answers.Sequence)!.Message.ToolName ?? "");
        var decision = (wanted.Decision.Outcome as Outcome.Approved)?.Decision;
        var isForLocation = decision == PolicyWords.Of(Ruling.ApproveForLocation);
        var approval = new StandingApproval(
            StandingApproval.NewId(now), address.Session, call.Agent, tool, kind,
            wanted.Approves && !isForLocation ? null : mark.Location, mark.Version, mark.Rule, IsByRule: false,
            actor.Name, address.Call, now, now.Add(StandingApproval.Longest));
        if (!wanted.Approves)
        {
            foreach (var ended in (await orders.ApprovalsAsync(cancellation)).Where(approval.IsOf))
            {
                await orders.WriteAsync(
                    orders.EndOf(ended, actor.Name, $"{actor.Name} refused the call {address.Call}"));
            }
        }
        else if (mark.People == 1 && (isForLocation ? mark.Location is not null
            : decision == PolicyWords.Of(Ruling.ApproveForSession)))
        {
            await orders.WriteAsync(orders.GiveOf(approval));
        }

        return receipt;
    }

    /// <exception cref="RefusedException">There is no such call, or the token is bound to others.</exception>
    public async Task<CallRead> ReadAsync(CallAddress address, Bearer bearer, CancellationToken cancellation)
    {
        var call = new CallRead(journal, address.Stream);
        await call.ReadOnAsync(cancellation);
        if (await questions.EndAsync(address, call))
        {
            await call.ReadOnAsync(cancellation);
        }

        return !call.IsKnown ? throw new RefusedException(address.NotFound())
            : (call.RefuseFor(bearer) ?? bearer.RefuseSession(address.Session)) is not null
            ? throw new RefusedException(address.NotFound())
            : call;
    }

    /// <summary>Answers where the call stands, after as long as the request waits for a person.</summary>
    /// <param name="asked">What was asked; what is answered to another question of the call is no answer to it.</param>
    /// <exception cref="RefusedException">The token ended while it waited.</exception>
    public async Task<IResult> AnswerAsync(
        HttpContext context, CallAddress address, CallRead call, CallMessage? asked = null)
    {
        var seconds = WaitOf(context);
        if (call.IsWaiting && seconds > 0)
        {
            await WaitAsync(context, call, asked, TimeSpan.FromSeconds(seconds));
            await context.RequireHeldAsync();
        }

        // A stop may have come after the answer, or while it was awaited.
        if (await questions.StopAsync(address, call, context.RequestAborted))
        {
            await call.ReadOnAsync(context.RequestAborted);
        }

        if (!call.Answers(asked))
        {
            return Reply.Json(Superseded(call) with { Source = address.Session.Source });
        }

        var scope = context.Reads().Scope;
        if (call.LastDecision is { } decided)
        {
            scope.Trace?.Add(decided.Row.Position);
        }

        return Reply.Json(AnswerOf(call, scope) with { Source = address.Session.Source });
    }

    /// <summary>Looked at before anything is written.</summary>
    public static long WaitOf(HttpContext context) =>
        context.Query().Number(Wait.Name, otherwise: 0, least: 0, most: LongestWait);

    /// <summary>Where a rule says who approves, nobody else does; anybody who may refuses.</summary>
    private static void RefuseOthers(CallRead call, WantedDecision wanted, Bearer actor)
    {
        if (wanted.Approves && call.History.Standing is { People: > 1, FirstBy: { } first }
            && first == (actor.PersonBesideName ?? actor.Name))
        {
            throw new RefusedException(Problem.Refused(
                "second-person", "Another person approves it too",
                $"Two persons approve this, and {actor.Person} did already; another one is awaited."));
        }

        if (wanted.Approves && call.QuestionMark?.Approvers?.Split('\n') is { } approvers
            && !approvers.Any(one => new PolicyGlob(one).Matches(actor.Person)))
        {
            throw new RefusedException(Problem.Forbidden(
                $"The rule \"{call.QuestionMark.Rule}\" lets only {string.Join(" or ", approvers)} approve this, and "
                    + $"the token \"{actor.Name}\" is of {actor.Person}."));
        }
    }

    private async Task WaitAsync(HttpContext context, CallRead call, CallMessage? asked, TimeSpan time)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, intake.Stopping);
        using var timer = intake.Clock.CreateTimer(_ => ending.Cancel(), null, time, Timeout.InfiniteTimeSpan);
        if (!waiting.Wait(0, CancellationToken.None))
        {
            // More wait than may; this one learns at once where the call stands, and asks again.
            return;
        }

        try
        {
            while (call.IsWaiting && call.Answers(asked))
            {
                var position = await journal.LastPositionAsync(ending.Token);
                await call.ReadOnAsync(ending.Token);
                if (call.IsWaiting)
                {
                    await journal.WaitForMoreAsync(position, ending.Token);
                    await Task.Delay(LookAgain, ending.Token);
                }
            }
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            // The time is up, or the node stops; what is known is answered.
        }
        finally
        {
            waiting.Release();
        }
    }

    private static DecisionAnswer Superseded(CallRead call) => new(
        Words.Of(call.State), PolicyWords.Of(Ruling.Reject), ByPolicy,
        Feedback: "the call was asked something else since, or by its host alone: what is to run is asked as a call of "
            + "its own, with another tool_call_id", RefusedByNode: call.History.Standing.RefusedByNode);

    private static DecisionAnswer AnswerOf(CallRead call, ReadScope scope)
    {
        var isRefused = call.History.Standing.RefusedByNode;
        if (call.IsWaiting)
        {
            // Whatever the host says of it, the question waits until the node has an answer.
            return new DecisionAnswer(
                Words.Of(CallState.AwaitingConfirmation), Question: call.Question, RefusedByNode: isRefused)
            {
                Policy = call.QuestionMark?.Version, Rule = call.QuestionMark?.Rule,
                ValidUntil = call.History.Standing.EndsAt?.ToString(), ApprovedBy = call.History.Standing.FirstBy,
            };
        }

        var answer = new DecisionAnswer(Words.Of(call.State), RefusedByNode: isRefused);
        if (call.LastDecision is not { } last)
        {
            return answer;
        }

        answer = answer with
        {
            OnBehalfOf = last.Decision.OnBehalfOf, Position = scope.Hide(last.Row.Position),
            Sequence = last.Row.Sequence, ValidUntil = last.Message.ExpiresAt?.ToString(),
            Policy = last.Message.Policy?.Version, Rule = last.Message.Policy?.Rule, Order = last.Message.Policy?.Order,
        };
        return last.Decision.Outcome switch
        {
            Outcome.Approved approved => answer with
            {
                Decision = approved.Decision, By = approved.By, Feedback = approved.Feedback,
            },
            Outcome.Blocked blocked => answer with
            {
                Decision = blocked.Decision, By = blocked.By, Feedback = blocked.Feedback ?? blocked.Reason,
            },
            Outcome.Invalidated ended => answer with { Feedback = ended.Reason },
            _ => answer,
        };
    }
}

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

    /// <exception cref="UnreadableException">The body names no decision, or no question.</exception>
    public static WantedDecision Read(StrictObject body, string actor)
    {
        var decision = body.RequiredText("decision");
        var feedback = body.Text("feedback");
        Outcome outcome = ApprovingDecisions.Contains(decision)
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
