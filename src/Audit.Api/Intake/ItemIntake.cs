namespace Audit.Api.Intake;

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
