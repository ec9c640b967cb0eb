using Audit.Engine;
using Audit.Engine.Intake;
using Audit.Node.Operations;

namespace Audit.Node.Intake;

/// <summary>Items read into submissions; those that could not be read have their receipts at once.</summary>
internal sealed class ItemBatch
{
    private readonly List<Submission> submissions;
    private Receipt?[]? invalid;

    private ItemBatch(int count)
    {
        Count = count;
        submissions = new List<Submission>(count);
    }

    public int Count { get; }

    public static ItemBatch Read(
        ReadOnlyMemory<byte> buffer, ReadOnlySpan<RawItem> items, ItemIntake intake, ItemDefaults defaults)
    {
        var batch = new ItemBatch(items.Length);
        for (var index = 0; index < items.Length; index++)
        {
            batch.Add(index, intake.Read(buffer, items[index], defaults));
        }

        return batch;
    }

    /// <summary>Submits what could be read and returns a receipt for every item, in order.</summary>
    public async Task<Receipt[]> SubmitAsync(IAuditEngine engine, CancellationToken cancellation)
    {
        using var activity = NodeTraces.StartSubmit(Count);
        var receipts = submissions.Count == 0 ? [] : await engine.SubmitAsync(submissions, cancellation);
        return invalid is null ? receipts : Merge(receipts);
    }

    private void Add(int index, in ItemRead read)
    {
        if (read.Submission is { } submission)
        {
            submissions.Add(submission);
            return;
        }

        invalid ??= new Receipt?[Count];
        invalid[index] = Receipt.Invalid(read.Error!);
    }

    private Receipt[] Merge(Receipt[] receipts)
    {
        var merged = new Receipt[Count];
        var next = 0;
        for (var index = 0; index < merged.Length; index++)
        {
            merged[index] = invalid![index] ?? receipts[next++];
        }

        return merged;
    }
}
