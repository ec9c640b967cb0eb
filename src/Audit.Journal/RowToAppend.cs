namespace Audit.Journal;

/// <summary>
/// One event to be written. Rows keep the order they are given in. The first row of a stream in an append says which
/// last sequence number is expected: its own less one; the stream's further rows must follow without a gap.
/// </summary>
public readonly record struct RowToAppend(
    StreamHandle Stream, long Sequence, string Manifest, long CreatedTicks, ReadOnlyMemory<byte> Message);
