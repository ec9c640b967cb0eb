using Audit.Api.Instruments;
using Audit.Api.Log;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Audit.Api.Intake;

/// <summary>Writes the receipts of a stream, and sends them as fast as the client takes them.</summary>
internal sealed class ReceiptSender(HttpContext context, bool minimal) : IDisposable
{
    private readonly ReceiptWriter writer = new(16 << 10);
    private readonly ReceiptCounts all = new(context);
    private readonly long[] counts = new long[Enum.GetValues<ReceiptStatus>().Length];

    public bool HasStarted { get; private set; }

    public void Write(ReceiptSpool spool, long firstIndex, ReadOnlySpan<Receipt> receipts, SealedUpTo known)
    {
        for (var offset = 0; offset < receipts.Length; offset++)
        {
            var receipt = receipts[offset];
            counts[(int)receipt.Status]++;
            all.Add(receipt);
            if (!minimal || receipt.Status != ReceiptStatus.Recorded || (known.IsAsked && !known.Covers(receipt)))
            {
                writer.Write(firstIndex + offset, receipt, known);
                writer.Write((byte)'\n');
            }
        }

        Pass(spool);
    }

    public void WriteSignature(ReceiptSpool spool, string note, CertificateAnswer certificate)
    {
        writer.WriteSignature(note, certificate);
        writer.Write((byte)'\n');
        Pass(spool);
    }

    public void WriteEnd(ReceiptSpool spool, Problem? stop, long nextIndex, ILineIntake intake)
    {
        if (minimal)
        {
            writer.WriteCounts(counts);
            writer.Write((byte)'\n');
        }

        intake.WriteEnd(writer);
        if (stop is not null)
        {
            writer.WriteStopped(nextIndex, stop.RetryAfter, stop.Detail);
            writer.Write((byte)'\n');
        }

        Pass(spool);
    }

    /// <summary>Begins the answer and sends what lies in the spool until it ends or nobody takes it any more.</summary>
    public async Task SendAsync(ReceiptSpool spool)
    {
        HasStarted = true;
        var piece = ArrayPool<byte>.Shared.Rent(ReceiptSpool.PieceLength);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        try
        {
            Begin(spool.Length);
            while (await spool.ReadAsync(piece, context.RequestAborted) is { IsEmpty: false } receipts)
            {
                patience.CancelAfter(IntakeLimits.ReceiptPatience);
                await context.Response.Body.WriteAsync(receipts, patience.Token);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // Whoever sent the records is gone, or takes no receipts; the records stay.
            spool.Abandon();
            context.Abort();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    public void Dispose() => writer.Dispose();

    /// <summary>The head goes with the first receipts.</summary>
    /// <param name="length">Of all that is answered, where it is known.</param>
    private void Begin(int? length)
    {
        var response = context.Response;
        response.ContentType = "application/x-ndjson";
        response.ContentLength = length;
        if (minimal)
        {
            response.Headers["Preference-Applied"] = "return=minimal";
        }

        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
    }

    private void Pass(ReceiptSpool spool)
    {
        spool.Write(writer.Written.Span);
        writer.Clear();
    }
}

/// <summary>Counts the receipts of a request.</summary>
internal sealed class ReceiptCounts(HttpContext context)
{
    private readonly NodeMetrics metrics = context.RequestServices.GetRequiredService<NodeMetrics>();

    public void Add(Receipt receipt)
    {
        metrics.Count(receipt.Status);
        context.NoteOutside(receipt);
    }
}

internal static class OutsideBindingNotes
{
    /// <summary>Who tries what his token may not speak of is written down, with the others who were refused.</summary>
    public static void NoteOutside(this HttpContext context, Receipt receipt)
    {
        if (receipt.IsOutsideBinding)
        {
            context.NoteOutside();
        }
    }

    public static void NoteOutside(this HttpContext context) =>
        context.RequestServices.GetRequiredService<AccessNotes>().OutsideBinding(context, context.Bearer());
}

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
