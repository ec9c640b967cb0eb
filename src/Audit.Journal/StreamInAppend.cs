namespace Audit.Journal;

/// <summary>What one append wants of one stream: rows after <see cref="Expected"/> up to <see cref="Last"/>.</summary>
internal struct StreamInAppend(StreamHandle handle, long expected)
{
    public readonly StreamHandle Handle = handle;

    public readonly long Expected = expected;

    public long Last = expected;

    public bool Refused;
}
