namespace Audit.Testing;

/// <summary>The keys that the stores of tests are written with: the same for all, so that each can be opened again.</summary>
public static class TestKeys
{
    public static RowKeys Row { get; } = RowKeys.Of(Enumerable.Range(0, RowKeys.KeyLength).Select(n => (byte)n).ToArray());

    public static Func<bool, RowKeys> Given { get; } = _ => Row;

    public static RecordHasher Hasher { get; } = new(Row.Derive("fingerprints"));

    public static EventProof Proof { get; } = new(Row, new byte[16]);

    /// <summary>For events that are in no store.</summary>
    public static BookSeal Seal { get; } = new(new PayloadKeys(Row, database: null), Proof);
}
