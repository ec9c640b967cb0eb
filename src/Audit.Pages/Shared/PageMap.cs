using Audit.Pages.Access;

namespace Audit.Pages.Shared;

/// <summary>Maps pages. What goes wrong in one is shown by a page too.</summary>
internal sealed class PageMap(IEndpointRouteBuilder routes, RecordIntake intake, ReadSide reads, PageWriter writer)
{
    public IEndpointConventionBuilder Get(string path, Roles anyOf, Func<Visit, Task<PageAnswer>> answer) =>
        Describe(routes.MapGet(path, context => AnswerAsync(context, answer)), anyOf);

    public IEndpointConventionBuilder Post(string path, Roles anyOf, Func<Visit, Task<PageAnswer>> answer) =>
        Describe(routes.MapPost(path, context => AnswerAsync(context, answer)), anyOf);

    private static IEndpointConventionBuilder Describe(IEndpointConventionBuilder endpoint, Roles anyOf) => endpoint
        .WithMetadata(anyOf == Roles.None ? AccessRule.Public : new AccessRule(anyOf), PageMark.Page)
        .ExcludeFromDescription();

    private async Task AnswerAsync(HttpContext context, Func<Visit, Task<PageAnswer>> answer)
    {
        PageAnswer page;
        try
        {
            page = await answer(new Visit(intake, reads, context));
        }
        catch (Exception exception) when (!context.RequestAborted.IsCancellationRequested
            && ProblemMiddleware.ProblemOf(exception) is { Status: not 500 } problem)
        {
            page = PageAnswer.Wrong(problem);
        }

        await context.BeforeAnswerAsync(page.Status);
        await writer.WriteAsync(context, page);
    }
}

/// <summary>A few pages that belong together.</summary>
internal interface IPageGroup
{
    void Map(PageMap pages);
}

/// <summary>Marks an endpoint as a page: who may not see it is shown why by a page, or is led to the sign-in.</summary>
internal sealed record PageMark
{
    public static readonly PageMark Page = new();
}

/// <summary>A request for a page: who asks, and for what.</summary>
internal sealed class Visit(RecordIntake intake, ReadSide reads, HttpContext context)
{
    private const int RowsOnPage = 50;

    private ScopedReads? own;

    public RecordIntake Intake { get; } = intake;

    /// <summary>What whoever looks may read.</summary>
    public ScopedReads Reads => own ??= Context.Reads();

    public HttpContext Context { get; } = context;

    public Bearer Bearer => Context.Bearer();

    public ReadScope Scope => Reads.Scope;

    public QueryReader Query { get; } = new(context.Request.Query);

    public Timestamp Now => Intake.Now;

    public CancellationToken Cancellation => Context.RequestAborted;

    /// <summary>The form, which the session's check has read already.</summary>
    public PageForm Form => Context.Features.Get<PageForm>()
        ?? throw new InvalidOperationException("The request is no form that was posted.");

    /// <summary>Who did something and then looks finds it done.</summary>
    public Task CatchUpAsync() => reads.CatchUpAsync(Questions.Patience, Cancellation);

    /// <summary>How the read models fare.</summary>
    public ProjectionStatus ReadStatus => reads.Status;

    /// <summary>The judgement that the query asks for; the first of them where it names none.</summary>
    public WindowJudgement Judgement(params WindowJudgement[] accepted)
    {
        var word = Query.Text("judgement") ?? WireOf.Of(accepted[0]);
        if (accepted.FirstOrDefault(one => WireOf.Of(one) == word) is var found and not WindowJudgement.NoTask)
        {
            return found;
        }

        var words = accepted.Select(one => WireOf.Of(one)).ToList();
        var list = string.Join(", ", words.SkipLast(1));
        throw QueryReader.Refusal("judgement", $"{list} or {words[^1]} is expected, not \"{word}\".");
    }

    /// <summary>One page of a list: as many items as a page of 150 KB holds.</summary>
    public async Task<ListView<T>> ListAsync<T>(
        Func<PageRequest, CancellationToken, Task<Page<T>>> ask, int most = RowsOnPage)
    {
        await CatchUpAsync();
        var page = await ask(new PageRequest(most, Query.Text("cursor")), Cancellation);
        return new ListView<T>(page.Items, page.Next);
    }

    /// <summary>What a form just did: the position of what was written, as the redirect names it.</summary>
    public long? Recorded => long.TryParse(
        Context.Request.Query["recorded"], NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            ? position : null;

    /// <summary>Does what a form asks for, as the API does it, and leads back to a page that shows it.</summary>
    public async Task<PageAnswer> SubmitAsync(Submission submission, string back) =>
        Answer(await Intake.SubmitAsync(submission), back);

    public PageAnswer Answer(Receipt receipt, string back)
    {
        Intake.Metrics.Count(receipt.Status);
        return receipt.Status switch
        {
            ReceiptStatus.Recorded or ReceiptStatus.Duplicate =>
                PageAnswer.Go(Links.With(back, ("recorded", receipt.Position))),
            ReceiptStatus.Violation => PageAnswer.Wrong(Problem.Refused(
                "violation", "The law does not allow this",
                $"{receipt.Reason}. It was written down as a violation, at position {receipt.Position}.")),
            _ => PageAnswer.Wrong(Problem.Of(receipt)
                ?? Problem.Unprocessable(receipt.Error ?? $"It was not written: {receipt.Status}.")),
        };
    }
}
