using Audit.Pages.Rendering;
using Audit.Pages.Shared;

namespace Audit.Pages;

/// <summary>Does what a form says, as the API does it, and leads back to a page that tells what became of it.</summary>
internal static class Acts
{
    public static async Task<PageAnswer> SubmitAsync(Visit visit, Submission submission, string back) =>
        Answer(visit, await visit.Node.SubmitAsync(submission), back);

    public static PageAnswer Answer(Visit visit, Receipt receipt, string back)
    {
        visit.Node.Metrics.Count(receipt.Status);
        return receipt.Status switch
        {
            ReceiptStatus.Recorded or ReceiptStatus.Duplicate => PageAnswer.Go(Links.With(back, ("recorded", receipt.Position))),
            ReceiptStatus.Violation => PageAnswer.Wrong(Problem.Refused(
                "violation", "The law does not allow this",
                $"{receipt.Reason}. It was written down as a violation, at position {receipt.Position}.")),
            _ => PageAnswer.Wrong(Problem.Unprocessable(receipt.Error ?? $"It was not written: {receipt.Status}.")),
        };
    }
}
