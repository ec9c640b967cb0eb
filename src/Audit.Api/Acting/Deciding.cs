using Audit.Api.Diary;
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

    public static readonly QueryParameter Question = new(
        "question", "The question as it was shown while it waited: another one of the call does not answer it.");

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
            return await FollowAsync(address, call, wanted, actor, repeated, null, cancellation);
        }

        if (wanted.Approves
            && await orders.StopOfAsync(
                address.Session, call.AgentOf(wanted.Answers.Sequence) ?? call.Agent, cancellation) is { } stop)
        {
            throw new RefusedException(Problem.Refused(
                "stopped", "A stop stands",
                $"{stop.Sentence}. Nothing is approved before the stop {stop.Id} is lifted."));
        }

        RefuseOthers(call, wanted, actor);
        var given = await GivenAsync(address, call, wanted, actor, cancellation);
        await using var place = given is null ? null
            : await orders.TakePlaceAsync(given, cancellation) ?? throw new RefusedException(Problem.Refused(
                "too-many-approvals", "As many approvals hold as may", $"{OrderBook.FullOf(given)}."));
        var submission = await DecisionRecord.MakeAsync(
            address, call, wanted with { HoldsUntil = HoldsUntil(call, wanted) }, actor, intake.Now, intake.Hasher,
            people, cancellation);
        return submission is null
            ? throw new RefusedException(Problem.Unprocessable(
                $"sequence: there is no question at sequence {wanted.Answers.Sequence} of this call."))
            : await FollowAsync(
                address, call, wanted, actor, await intake.SubmitAsync(submission), given, cancellation);
    }

    /// <summary>Until when a tool may begin that the node's policy had a person asked for.</summary>
    private Timestamp? HoldsUntil(CallRead call, WantedDecision wanted) =>
        wanted.Approves && call.QuestionMark is not null && policies.Now.Policy is { } policy
            ? intake.Now.Add(policy.ApprovalsHold)
            : null;

    /// <summary>The approval of more calls than one that a decision gives; null where it gives none.</summary>
    private async Task<StandingApproval?> GivenAsync(
        CallAddress address, CallRead call, WantedDecision wanted, Bearer actor, CancellationToken cancellation)
    {
        // What was asked under a policy that holds no more is approved for this call alone.
        var (now, known) = (intake.Now, policies.Now);
        if (call.QuestionMark is not { Kind: { } kind, People: 1 } mark || mark.Version != known.Policy?.Version
            || (wanted.Decision.Outcome as Outcome.Approved)?.Decision is not { } decision)
        {
            return null;
        }

        var isForLocation = decision == PolicyWords.Of(Ruling.ApproveForLocation);
        if (isForLocation ? mark.Location is null : decision != PolicyWords.Of(Ruling.ApproveForSession))
        {
            return null;
        }

        await orders.FollowAsync(known, cancellation);
        var (session, agent, tool) = OfQuestion(address, call, wanted);
        return new StandingApproval(
            StandingApproval.NewId(now), session, agent, tool, kind, isForLocation ? mark.Location : null, mark.Version,
            mark.Rule, IsByRule: false, actor.Name, address.Call, now, now.Add(StandingApproval.Longest));
    }

    /// <summary>The agent is who asked, whoever the call was first told of.</summary>
    private static (SessionName Session, string? Agent, string Tool) OfQuestion(
        CallAddress address, CallRead call, WantedDecision wanted) => (
        address.Session, call.AgentOf(wanted.Answers.Sequence),
        call.History.Find(wanted.Answers.Sequence)?.Message.ToolName ?? "");

    /// <summary>
    /// What a person approves for more calls than one holds for them, once, and what he refuses ends that, also where
    /// a node fell between the refusal and this.
    /// </summary>
    private async Task<Receipt> FollowAsync(
        CallAddress address, CallRead call, WantedDecision wanted, Bearer actor, Receipt receipt,
        StandingApproval? given, CancellationToken cancellation)
    {
        if (!wanted.Approves && receipt.Status is ReceiptStatus.Recorded or ReceiptStatus.Duplicate)
        {
            // By whatever it was approved before.
            var refused = OfQuestion(address, call, wanted);
            await orders.EndAsync(
                one => one.Of == refused, actor.Name, $"{actor.Name} refused the call {address.Call}", cancellation);
        }

        if (given is not null && receipt.Status == ReceiptStatus.Recorded)
        {
            await orders.WriteAsync(orders.GiveOf(given));
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
    /// <param name="asked">
    /// The question; what is answered to another one of the call is no answer to it. Null for whichever stands.
    /// </param>
    /// <exception cref="RefusedException">The token ended while it waited.</exception>
    public async Task<IResult> AnswerAsync(
        HttpContext context, CallAddress address, CallRead call, Fingerprint? asked)
    {
        var seconds = WaitOf(context);
        if (call.IsUnanswered && seconds > 0)
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

    /// <summary>The question that the request waits for an answer to; null for whichever stands.</summary>
    public static Fingerprint? QuestionOf(HttpContext context) => context.Query().Text(Question.Name) switch
    {
        null => null,
        var text when Fingerprint.TryParse(text, out var question) => question,
        var text => throw QueryReader.Refusal(Question.Name, $"\"{text}\" is not the question of a call, as the node shows it."),
    };

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

    private async Task WaitAsync(HttpContext context, CallRead call, Fingerprint? asked, TimeSpan time)
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
            while (call.IsUnanswered && call.Answers(asked))
            {
                var position = await journal.LastPositionAsync(ending.Token);
                await call.ReadOnAsync(ending.Token);
                if (call.IsUnanswered)
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
        if (call.IsUnanswered)
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
