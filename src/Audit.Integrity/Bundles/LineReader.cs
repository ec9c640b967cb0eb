namespace Audit.Integrity.Bundles;

/// <summary>Reads lines of bytes.</summary>
internal sealed class LineReader(Stream stream) : IDisposable
{
    private const int LongestLine = 1 << 28;

    private byte[] buffer = new byte[1 << 16];
    private int start;
    private int end;

    /// <returns>The next line, valid until the next call; null at the end.</returns>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancellation)
    {
        var searched = start;
        while (true)
        {
            var at = buffer.AsSpan(searched, end - searched).IndexOf((byte)'\n');
            if (at >= 0)
            {
                var line = buffer.AsMemory(start, searched + at - start);
                start = searched + at + 1;
                return line;
            }
            var unfinished = end - start;
            if (!await MoreAsync(cancellation))
            {
                return unfinished == 0 ? null : throw new BundleException("A file of the bundle ends in the middle of a line.");
            }

            searched = start + unfinished;
        }
    }

    public void Dispose() => stream.Dispose();

    private async Task<bool> MoreAsync(CancellationToken cancellation)
    {
        buffer.AsSpan(start, end - start).CopyTo(buffer);
        (start, end) = (0, end - start);
        if (end == buffer.Length)
        {
            if (buffer.Length >= LongestLine)
            {
                throw new BundleException("A file of the bundle has a line that is too long.");
            }

            Array.Resize(ref buffer, 2 * buffer.Length);
        }
        var read = await stream.ReadAsync(buffer.AsMemory(end), cancellation);
        end += read;
        return read > 0;
    }
}
