using Audit.Api.Intake;
using Audit.Api.Reading;

namespace Audit.Api.Acting;

/// <summary>Reviews of violations by people, however they come: by the API or by a page.</summary>
internal sealed class Reviewing(
    RecordIntake intake, Deciding deciding, WindowActs acts, PeopleNow people, ApiSettings settings) : IEndpointGroup
{
    public const Roles MayReview = Roles.Approve | Roles.Admin;
    public const int LongestReason = 1000;

    /// <summary>What a review may find.</summary>
    public static readonly IReadOnlyList<string> Findings = [.. Enum.GetValues<ReviewFinding>().Select(Words.Of)];

    public void Map(IEndpointRouteBuilder routes)
    {
        const string Body = "The body is {sequences[], verdicts[], reason, finding?}: the numbers of what was refused, "
            + "and of each the verdict that was seen, its cause or \"lifted\"; 409 when it is another by now. The finding "
            + "is acknowledged, which is the default, false_alarm or escalated. The review covers "
            + "these verdicts and no later ones. Nobody reviews what he is behind himself.";
        routes.Post(
            ById.OfCall("/review", "/review"), PostAsync, MayReview,
            "Records that a person has looked at violations of a call.", Body)
            .Produces<ReceiptAnswer>(StatusCodes.Status201Created).Scoped(Scope.Own);
        routes.Post(
            ById.OfWindow("/review", "/review"), PostWindowAsync, MayReview,
            "Records that a person has looked at refused acts on a window.", Body)
            .Produces<ReceiptAnswer>(StatusCodes.Status201Created).Scoped(Scope.Own);
    }

    private async Task<IResult> PostAsync(HttpContext context)
    {
        var body = await context.ReadObjectAsync();
        return intake.Answer(await ReviewAsync(
            await context.CallAsync(), body, context.Bearer(), context.RequestAborted));
    }

    private async Task<IResult> PostWindowAsync(HttpContext context)
    {
        var (id, body) = (await context.WindowAsync(), await context.ReadObjectAsync());
        return intake.Answer(await ReviewAsync(id, body, context.Bearer(), context.RequestAborted), id);
    }

    /// <exception cref="RefusedException">There is no such violation, or this bearer may not review it.</exception>
    public async Task<Receipt> ReviewAsync(
        CallAddress address, StrictObject body, Bearer actor, CancellationToken cancellation)
    {
        var call = await deciding.ReadAsync(address, actor, cancellation);
        return await ReviewAsync(
            new ReviewedCall(call.History),
            new Reviewable.Call(address.Session, address.Call, call.History.Standing.TaskId, call.Agent), body, actor,
            await people.PartiesOfAsync(address.Session.Source, asker: null, cancellation));
    }

    /// <inheritdoc cref="ReviewAsync(CallAddress, StrictObject, Bearer, CancellationToken)"/>
    public async Task<Receipt> ReviewAsync(
        string windowId, StrictObject body, Bearer actor, CancellationToken cancellation)
    {
        var window = await acts.FindAsync(windowId, actor, cancellation);
        return await ReviewAsync(
            window, new Reviewable.Window(windowId), body, actor,
            await acts.PartiesAsync(window, cancellation));
    }

    /// <param name="parties">Persons who may not, beside those whom the law knows.</param>
    private async Task<Receipt> ReviewAsync(
        IReviewable judged, Reviewable of, StrictObject body, Bearer actor, Parties parties)
    {
        var seen = ReadSeen(body);
        var reason = body.RequiredText("reason");
        if (string.IsNullOrWhiteSpace(reason) || reason.Length > LongestReason)
        {
            throw new UnreadableException("reason", $"a sentence of at most {LongestReason} characters is expected");
        }

        var review = new Review(seen, actor.Name, actor.PersonBesideName, intake.Now)
        {
            Finding = FindingOf(body),
            MayBeOwn = settings.AllowSelfApproval,
            OfParty = parties.Include(actor),
        };
        var decision = ReviewDecider.Decide(judged, review);
        if (decision.Error is { } error)
        {
            throw new RefusedException(ProblemOf(decision.Refusal, error + "."));
        }

        var detail = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["reason"] = reason });
        var receipt = await intake.SubmitAsync(new ReviewSubmission(of, review, detail));
        return receipt.Status == ReceiptStatus.Refused
            ? throw new RefusedException(ProblemOf(ReviewRefusal.Stale, receipt.Error + "."))
            : receipt;
    }

    private static ReviewFinding FindingOf(StrictObject body) =>
        body.Text("finding") is not { } word || Findings.Contains(word)
            ? Words.FindingOf(body.Text("finding"))
            : throw new UnreadableException(
                "finding", $"\"{word}\" is not accepted; accepted are {string.Join(", ", Findings)}");

    private static IReadOnlyList<SeenVerdict> ReadSeen(StrictObject body)
    {
        var sequences = body.Numbers("sequences", Review.Most) ?? [];
        var words = body.Texts("verdicts", Review.Most) ?? [];
        if (sequences.Count == 0 || sequences.Distinct().Count() != sequences.Count)
        {
            throw new UnreadableException("sequences", "the numbers of refused messages are expected, each once");
        }

        return sequences.Count == words.Count
            ? [.. sequences.Zip(words, (sequence, word) => SeenVerdict.Of(sequence, word)
                ?? throw new UnreadableException("verdicts", $"\"{word}\" is no verdict, as the node shows it"))]
            : throw new UnreadableException("verdicts", "one for each of the sequences is expected");
    }

    private static Problem ProblemOf(ReviewRefusal refusal, string sentence) => refusal switch
    {
        ReviewRefusal.Own => Problem.Forbidden(sentence),
        ReviewRefusal.NoViolation => Problem.Unprocessable("sequences: " + sentence),
        _ => Problem.Refused("stale-review", "The verdict is another one by now", sentence),
    };
}
