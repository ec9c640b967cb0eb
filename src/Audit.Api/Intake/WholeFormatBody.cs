using Audit.Api.Answers;
using Audit.Api.Hosting;

namespace Audit.Api.Intake;

/// <summary>A body that holds one event, or an array of them.</summary>
internal static class WholeFormatBody
{
    /// <returns>The receipts, or why there are none.</returns>
    public static async Task<(List<Receipt> Receipts, Problem? Problem)> SubmitAsync(
        NodeParts node, ReadOnlyMemory<byte> body, FormatLines lines, ItemDefaults defaults)
    {
        var events = new List<RawItem>();
        if (!BodyKinds.IsArray(body.Span))
        {
            events.Add(EventOf(body));
        }
        else if (new ArraySplitter(body.Span).Split(events) is { } refusal)
        {
            return ([], events.Count > IntakeLimits.ArrayItems ? Problem.TooLarge(refusal) : Problem.BadRequest(refusal));
        }

        var receipts = new List<Receipt>();
        foreach (var chunk in events.Chunk(IntakeLimits.BatchItems))
        {
            var batch = await lines.ReadAsync(body, [.. chunk], defaults);
            receipts.AddRange(await batch.SubmitAsync(node.Engine, CancellationToken.None));
        }

        // What was written is a duplicate when all of it is sent again.
        return receipts.Find(receipt => receipt.Status == ReceiptStatus.Unknown) is { } unknown
            ? ([], Problem.JournalAway(unknown.Error ?? "The journal is away."))
            : (receipts, null);
    }

    private static RawItem EventOf(ReadOnlyMemory<byte> body)
    {
        var mark = body.Span.StartsWith("\uFEFF"u8) ? 3 : 0;
        return new RawItem(mark, body.Length - mark);
    }
}
