using Audit.Api.Log;

namespace Audit.Api.Intake;

/// <summary>Answers a request that is about one item with its receipt.</summary>
internal sealed class ReceiptReply(Receipt receipt, string? windowId, SealedUpTo known) : IResult
{
    [ThreadStatic] private static ReceiptWriter? spare;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var writer = spare ?? new ReceiptWriter(512);
        spare = null;
        writer.Begin();
        writer.Write(0, receipt, known, windowId);
        var response = httpContext.Response;
        response.StatusCode = StatusOf(receipt.Status);
        response.ContentType = "application/json";
        response.ContentLength = writer.Written.Length;
        await response.Body.WriteAsync(writer.Written, httpContext.RequestAborted);
        writer.Clear();
        spare = writer;
    }

    private static int StatusOf(ReceiptStatus status) => status switch
    {
        ReceiptStatus.Recorded => StatusCodes.Status201Created,
        ReceiptStatus.Duplicate => StatusCodes.Status200OK,
        ReceiptStatus.Counted => StatusCodes.Status202Accepted,
        ReceiptStatus.Violation => StatusCodes.Status409Conflict,
        _ => StatusCodes.Status422UnprocessableEntity,
    };
}
