using Audit.Api.Answers;
using Audit.Api.Instruments;

namespace Audit.Api.Intake;

/// <summary>Answers a request that is about one item with its receipt.</summary>
internal static class ReceiptAnswer
{
    [ThreadStatic] private static ReceiptWriter? spare;

    public static async Task WriteReceiptAsync(
        this HttpContext context, Receipt receipt, NodeMetrics metrics, string? windowId = null, bool? isSealed = null)
    {
        metrics.Count(receipt.Status);
        if (receipt.Status == ReceiptStatus.Unknown)
        {
            await context.WriteProblemAsync(Problem.JournalAway(receipt.Error ?? "The journal is away."));
            return;
        }

        var writer = spare ?? new ReceiptWriter(512);
        spare = null;
        writer.Write(0, receipt, windowId, isSealed);
        context.Response.StatusCode = StatusOf(receipt.Status);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = writer.Written.Length;
        await context.Response.Body.WriteAsync(writer.Written, context.RequestAborted);
        writer.Clear();
        spare = writer;
    }

    private static int StatusOf(ReceiptStatus status) => status switch
    {
        ReceiptStatus.Recorded => StatusCodes.Status201Created,
        ReceiptStatus.Duplicate => StatusCodes.Status200OK,
        ReceiptStatus.Violation => StatusCodes.Status409Conflict,
        _ => StatusCodes.Status422UnprocessableEntity,
    };
}
