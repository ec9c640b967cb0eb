namespace Audit.Api.Intake;

/// <summary>A batch of a stream on its way; its buffer is its own until the receipts are there.</summary>
internal sealed record LineBatch(long FirstIndex, byte[] Buffer, Task<Receipt[]> Receipts);
