using Audit.Api.Instruments;

namespace Audit.Api.Intake;

/// <summary>Items read into submissions; those that could not be read have their receipts at once.</summary>
internal sealed class ItemBatch
{
    private const int MostAtOnce = 2 * IntakeLimits.BatchItems;

    private readonly List<Submission> submissions;
    private List<(int Index, Receipt Receipt)>? invalid;

    public ItemBatch(int expected) => submissions = new List<Submission>(expected);

    public int Count { get; private set; }

    public static ItemBatch Read(
        ReadOnlyMemory<byte> buffer, ReadOnlySpan<RawItem> items, ItemIntake intake, ItemDefaults defaults)
    {
        var batch = new ItemBatch(items.Length);
        for (var index = 0; index < items.Length; index++)
        {
            batch.Add(intake.Read(buffer, items[index], defaults));
        }

        return batch;
    }

    /// <summary>Submits what could be read and returns a receipt for every item, in order.</summary>
    public async Task<Receipt[]> SubmitAsync(IAuditEngine engine, CancellationToken cancellation)
    {
        using var activity = NodeTraces.StartSubmit(Count);
        var receipts = submissions.Count == 0 ? []
            : submissions.Count <= MostAtOnce ? await engine.SubmitAsync(submissions, cancellation)
            : await SubmitInPartsAsync(engine, cancellation);
        return invalid is null ? receipts : Merge(receipts);
    }

    /// <summary>What one event of another system holds may be much: one commit of it would take too long.</summary>
    private async Task<Receipt[]> SubmitInPartsAsync(IAuditEngine engine, CancellationToken cancellation)
    {
        var receipts = new List<Receipt>(submissions.Count);
        foreach (var part in submissions.Chunk(MostAtOnce))
        {
            receipts.AddRange(await engine.SubmitAsync(part, cancellation));
        }

        return [.. receipts];
    }

    /// <param name="line">With a stream of another system, the line that an error is about.</param>
    public void Add(in ItemRead read, long line = 0)
    {
        if (read.Submission is { } submission)
        {
            submissions.Add(submission);
        }
        else
        {
            invalid ??= [];
            invalid.Add((Count, Receipt.Invalid(read.Error!) with { Line = line }));
        }

        Count++;
    }

    private Receipt[] Merge(Receipt[] receipts)
    {
        var merged = new Receipt[Count];
        var (next, nextInvalid) = (0, 0);
        for (var index = 0; index < merged.Length; index++)
        {
            var isInvalid = nextInvalid < invalid!.Count && invalid[nextInvalid].Index == index;
            merged[index] = isInvalid ? invalid[nextInvalid++].Receipt : receipts[next++];
        }

        return merged;
    }
}

/// <summary>Reads items of any size: those above what is read are recorded as oversized.</summary>
internal sealed class ItemIntake(ItemReader reader, RecordHasher hasher)
{
    public ItemRead Read(ReadOnlyMemory<byte> buffer, in RawItem item, ItemDefaults defaults) =>
        item.Large is { } large
            ? reader.ReadOversized(large.Head, large.Length, large.Whole, defaults)
            : Read(buffer.Slice(item.Start, item.Length), defaults);

    public ItemRead Read(ReadOnlyMemory<byte> item, ItemDefaults defaults)
    {
        if (item.Length <= ItemLimits.Read)
        {
            return reader.Read(item, defaults);
        }

        var head = item.Span[..IntakeLimits.OversizedHeadBytes];
        return reader.ReadOversized(head, item.Length, hasher.OfBytes(item.Span), defaults);
    }
}
