using System.Runtime.InteropServices;
using Audit.Api.Answers;
using Audit.Api.Hosting;
using Audit.Api.Log;

namespace Audit.Api.Intake;

/// <summary>Takes in a JSON array, whose receipts are an array too.</summary>
internal static class ArrayIntake
{
    public static async Task AnswerAsync(
        NodeParts node, HttpContext context, ReadOnlyMemory<byte> body, ItemDefaults defaults, SealWait? seal)
    {
        var items = new List<RawItem>();
        if (new ArraySplitter(body.Span).Split(items) is { } refusal)
        {
            await context.WriteProblemAsync(
                items.Count > IntakeLimits.ArrayItems ? Problem.TooLarge(refusal) : Problem.BadRequest(refusal));
            return;
        }

        var receipts = await SubmitAsync(node, body, items, defaults);
        var unknown = receipts.Find(receipt => receipt.Status == ReceiptStatus.Unknown);
        if (unknown is not null)
        {
            // What was written is a duplicate when all of it is sent again.
            await context.WriteProblemAsync(Problem.JournalAway(unknown.Error ?? "The journal is away."));
            return;
        }

        await WriteAsync(context, receipts, node, seal is null ? null : await seal.UntilAsync(receipts));
    }

    private static async Task<List<Receipt>> SubmitAsync(
        NodeParts node, ReadOnlyMemory<byte> body, List<RawItem> items, ItemDefaults defaults)
    {
        var receipts = new List<Receipt>(items.Count);
        for (var first = 0; first < items.Count; first += IntakeLimits.BatchItems)
        {
            var count = Math.Min(IntakeLimits.BatchItems, items.Count - first);
            var batch = ItemBatch.Read(body, CollectionsMarshal.AsSpan(items).Slice(first, count), node.Items, defaults);
            receipts.AddRange(await batch.SubmitAsync(node.Engine, CancellationToken.None));
        }

        return receipts;
    }

    private static async Task WriteAsync(HttpContext context, List<Receipt> receipts, NodeParts node, long? sealedUpTo)
    {
        using var writer = new ReceiptWriter(256);
        writer.Write((byte)'[');
        for (var index = 0; index < receipts.Count; index++)
        {
            if (index > 0)
            {
                writer.Write((byte)',');
            }

            bool? isSealed = sealedUpTo is { } sealedPosition ? receipts[index].Position <= sealedPosition : null;
            writer.Write(index, receipts[index], isSealed: isSealed);
            node.Metrics.Count(receipts[index].Status);
        }

        writer.Write((byte)']');
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = writer.Written.Length;
        await context.Response.Body.WriteAsync(writer.Written, context.RequestAborted);
    }
}
