namespace Audit.Integrity.Rows;

/// <summary>A row of a batch: its numbers, and where its bytes begin in the batch.</summary>
internal struct RowSlot
{
    public long Position;
    public long Sequence;
    public long Created;
    public int? Identifier;
    public bool Deleted;
    public int Start;
    public int StreamLength;
    public int ManifestLength;
    public int MessageLength;
}
