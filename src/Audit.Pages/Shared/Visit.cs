using Audit.Pages.Access;

namespace Audit.Pages.Shared;

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
    public async Task<ListView<T>> ListAsync<T>(Func<PageRequest, CancellationToken, Task<Page<T>>> ask)
    {
        await CatchUpAsync();
        var page = await ask(new PageRequest(RowsOnPage, Query.Text("cursor")), Cancellation);
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
