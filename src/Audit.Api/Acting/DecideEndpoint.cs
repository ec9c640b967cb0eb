using Audit.Api.Intake;
using Audit.Api.Reading;

namespace Audit.Api.Acting;

/// <summary>`POST /v1/decide`: a host asks whether a tool may run. What it is answered is in the book before.</summary>
internal sealed class DecideEndpoint(
    RecordIntake intake, PolicyBook policies, OpenQuestions questions, OrderBook orders, Deciding deciding,
    ReadSide reads, IJournal journal) : IEndpointGroup
{
    /// <summary>Windows of one task and agent that are open at a time; of more the others open nothing.</summary>
    private const int MostWindows = 100;

    public void Map(IEndpointRouteBuilder routes) => routes.Post(
        "/v1/decide", PostAsync, Roles.Ingest, "Decides whether a tool may run, by the node's policy.",
        DecideBody.Members
        + "The answer is recorded before it is given: as requested, requires_confirmation, and approved or blocked by "
        + "the node. Where a person is asked the answer waits, and GET …/decision goes on waiting. The same question "
        + "of the same call has the same answer for ever. Where nothing is enforced the decision is no-opinion; any "
        + "answer but one that approves refuses.", Deciding.Wait)
        .Produces<DecisionAnswer>().Scoped(Scope.Own);

    private async Task<IResult> PostAsync(HttpContext context)
    {
        _ = Deciding.WaitOf(context);
        intake.RequireRoom("the question");
        var defaults = IntakeHeaders.Read(context);
        var asked = await AskAsync(context, defaults);
        if (asked.Answer is { } answer)
        {
            intake.Metrics.CountDecision(answer.Decision!);
            return Reply.Json(answer with { Source = defaults.Source });
        }

        var call = await deciding.ReadAsync(asked.Of, context.Bearer(), context.RequestAborted);
        intake.Metrics.CountDecision(PolicyWords.Of(Ruling.Ask));
        return await deciding.AnswerAsync(context, asked.Of, call, asked.Question.Question);
    }

    /// <returns>The answer, or none where the call has to be looked at.</returns>
    private async Task<(CallAddress Of, CallMessage Question, DecisionAnswer? Answer)> AskAsync(
        HttpContext context, ItemDefaults defaults)
    {
        using var whole = await WholeBody.ReadAsync(context, intake);
        var body = DecideBody.Read(whole.Bytes);
        var now = intake.Now;
        var asking = new Asking(body, now, defaults with { ReceivedAt = now }, intake);
        var address = new CallAddress(asking.Question.Session, asking.Question.ToolCallId);
        var (question, known) = (asking.Question.Message, policies.Now);
        if (await orders.StopOfAsync(address.Session, asking.Question.Agent, context.RequestAborted) is { } stop)
        {
            return (address, question, await StopAsync(context, asking, known, stop));
        }

        await policies.WriteDownAsync(known, context.RequestAborted);
        await orders.FollowAsync(known, context.RequestAborted);
        var verdict = known.Policy is { } policy
            ? policy.Decide(await RequestAsync(policy, asking, context))
            : null;
        if (verdict is null || known.Policy!.Observes)
        {
            return (address, question, await ObserveAsync(context, asking, known, verdict));
        }

        var standing = verdict is { Then: Ruling.Ask, People: 1 } or { Then: < Ruling.ApproveOnce }
            ? await orders.ApprovalOfAsync(asking.Approving(known.Policy, verdict), context.RequestAborted)
            : null;
        return (address, question, verdict.Then == Ruling.Ask && standing is null
            ? await AskPersonAsync(context, asking, known.Policy, verdict, address)
            : await RuleAsync(context, asking, known.Policy, verdict, standing));
    }

    /// <summary>Whatever the call was answered before, what is stopped is refused.</summary>
    private async Task<DecisionAnswer> StopAsync(
        HttpContext context, Asking asking, PolicyNow known, StandingStop stop)
    {
        var mark = new PolicyMark(known.Policy?.Version, Order: stop.Id);
        var receipts = await SubmitAsync(
            context, asking.Requested(isWhole: false, null), asking.Asked(new PolicyMark(mark.Version), null),
            asking.Answered(stop.Outcome, mark, null));
        return new DecisionAnswer(
            receipts[2].State ?? "", PolicyWords.Of(Ruling.Reject), stop.By, Feedback: stop.Sentence)
        {
            Policy = mark.Version, Order = stop.Id,
        };
    }

    /// <summary>Records what was asked, and what would have been answered.</summary>
    private async Task<DecisionAnswer> ObserveAsync(
        HttpContext context, Asking asking, PolicyNow known, PolicyVerdict? verdict)
    {
        var mark = verdict is null ? null
            : new PolicyMark(known.Policy!.Version, Would: PolicyWords.Of(verdict.Then), WouldRule: verdict.Rule);
        var receipt = (await SubmitAsync(context, asking.Requested(isWhole: true, mark)))[0];
        return new DecisionAnswer(receipt.State ?? "", PolicyWords.NoOpinion)
        {
            Mode = known.Mode, Policy = known.Policy?.Version, Would = mark?.Would, Rule = verdict?.Rule,
            Sequence = receipt.Sequence,
        };
    }

    private async Task<DecisionAnswer?> AskPersonAsync(
        HttpContext context, Asking asking, DecisionPolicy policy, PolicyVerdict verdict, CallAddress address)
    {
        var latest = asking.Now.Add(DecisionPolicy.LongestQuestion);
        var ends = asking.Body.ExpiresAt ?? asking.Now.Add(policy.QuestionsEndAfter);
        ends = ends < latest ? ends : latest;
        var mark = asking.MarkOf(policy, verdict) with
        {
            People = verdict.People,
            Approvers = verdict.Approvers.Count == 0 ? null : string.Join('\n', verdict.Approvers),
        };
        Submission[] items = [asking.Requested(isWhole: false, null), asking.Asked(mark, ends, verdict.Feedback)];
        var receipts = await SubmitAsync(
            context, questions.NoteOf(address, asking.Question.Agent, ends) is { } note ? [.. items, note] : items);
        return RefusalOf(receipts[1], mark);
    }

    /// <summary>Records the question and its answer in one go.</summary>
    private async Task<DecisionAnswer?> RuleAsync(
        HttpContext context, Asking asking, DecisionPolicy policy, PolicyVerdict verdict, StandingApproval? standing)
    {
        // What a rule approves for more calls than one is noted once, and then applies to what would be asked.
        var isGiven = verdict.Then == Ruling.Ask;
        var mark = asking.MarkOf(policy, verdict) with { Order = isGiven ? standing!.Id : null };
        var by = isGiven ? standing!.By : Deciding.ByPolicy;
        var given = asking.Approving(policy, verdict);
        var isNew = verdict.Then < Ruling.ApproveOnce && standing is null
            && (verdict.Then == Ruling.ApproveForSession || mark.Location is not null)
            && !await orders.IsTakenBackAsync(given, context.RequestAborted);
        await using var place = isNew ? await orders.TakePlaceAsync(given, context.RequestAborted) : null;
        var isFull = isNew && place is null;
        var until = verdict.Then == Ruling.Reject ? (Timestamp?)null : asking.Now.Add(policy.ApprovalsHold);
        var said = verdict.Then != Ruling.Reject ? isFull ? OrderBook.FullOf(given) : null
            : verdict.Feedback ?? (verdict.Rule is { } rule ? $"refused by the rule \"{rule}\""
                : $"refused by the preset {PolicyWords.Of(policy.Preset)}");
        var decision = isGiven ? standing!.Decision : PolicyWords.Of(isFull ? Ruling.ApproveOnce : verdict.Then);
        Outcome outcome = verdict.Then == Ruling.Reject
            ? new Outcome.Blocked(said!)
            {
                Decision = decision, By = Deciding.ByPolicy, Source = Deciding.ByPolicy, Feedback = said,
            }
            : new Outcome.Approved(decision) { By = by, Source = Deciding.ByPolicy, Feedback = said };
        Submission[] items =
        [
            asking.Requested(isWhole: false, null), asking.Asked(new PolicyMark(mark.Version), null),
            asking.Answered(outcome, mark, until),
        ];
        var receipts = place is not null
            ? await orders.WritingAsync(() => SubmitAsync(context, [.. items, orders.GiveOf(given)]))
            : await SubmitAsync(context, items);
        return RefusalOf(receipts[1], mark) ?? (receipts[2].Status != ReceiptStatus.Recorded ? null
            : new DecisionAnswer(
                receipts[2].State!, decision, by, Feedback: said,
                Position: context.Reads().Scope.Hide(receipts[2].Position))
            {
                Sequence = receipts[2].Sequence, Policy = mark.Version, Rule = mark.Rule,
                ValidUntil = until?.ToString(), Would = mark.Would, Order = mark.Order,
            });
    }

    /// <summary>A question that the law refused has no answer but one.</summary>
    private static DecisionAnswer? RefusalOf(Receipt question, PolicyMark mark) =>
        question.Status is ReceiptStatus.Recorded or ReceiptStatus.Duplicate
            ? null
            : new DecisionAnswer(
                question.State ?? "", PolicyWords.Of(Ruling.Reject), Deciding.ByPolicy,
                Feedback: "the call takes no question: " + (question.Reason ?? question.Error))
            {
                Policy = mark.Version,
            };

    /// <exception cref="RefusedException">Nothing of it could be written, or the token may not speak of it.</exception>
    private async Task<Receipt[]> SubmitAsync(HttpContext context, params Submission[] items)
    {
        var receipts = await intake.Engine.SubmitAsync(items, CancellationToken.None);
        foreach (var receipt in receipts)
        {
            intake.Metrics.Count(receipt.Status);
            context.NoteOutside(receipt);
            if (receipt.Status == ReceiptStatus.Unknown)
            {
                throw new RefusedException(Problem.JournalAway(receipt.Error));
            }

            if (receipt.IsOutsideBinding)
            {
                throw new RefusedException(Problem.Forbidden(receipt.Error!));
            }
        }

        return receipts;
    }

    private async Task<PolicyRequest> RequestAsync(DecisionPolicy policy, Asking asking, HttpContext context)
    {
        var (question, bearer) = (asking.Question, context.Bearer());
        var request = asking.Body.RequestOf(question.Session.Source, question.Agent, question.Message.TaskId) with
        {
            IsAgentBound = bearer.Agents.Count > 0, IsTaskBound = bearer.Tasks.Count > 0,
        };
        return policy.AsksForWindows && request is { Agent: not null, Task: not null }
            ? request with { OpenWindows = await WindowsAsync(request, asking.Now, context.RequestAborted) }
            : request;
    }

    /// <summary>The read models say which there are; whether one is open still, only its stream.</summary>
    private async Task<IReadOnlyList<string>> WindowsAsync(
        PolicyRequest request, Timestamp now, CancellationToken cancellation)
    {
        await reads.CatchUpAsync(Questions.Patience, cancellation);
        var filter = new WindowFilter { Task = request.Task, Agent = request.Agent, OpenAt = now };
        var found = await reads.For(ReadScope.All).Models.WindowsAsync(
            filter, new PageRequest(MostWindows), cancellation);
        var open = new List<string>();
        foreach (var window in found.Items)
        {
            var read = (await WindowRead.ReadAsync(journal, window.WindowId, cancellation)).Window;
            if (read.IsOpenAt(now) && read.Terms is { } terms
                && terms.Sources.Any(glob => Glob.Matches(glob, request.Source))
                && terms.Scope.Any(glob => Glob.Matches(glob, request.Tool)))
            {
                open.Add(window.WindowId);
            }
        }

        return open;
    }
}
