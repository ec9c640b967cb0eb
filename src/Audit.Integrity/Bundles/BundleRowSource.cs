using System.IO.Compression;
using System.Text;
using Audit.Integrity.Rows;

namespace Audit.Integrity.Bundles;

/// <summary>The rows of a bundle.</summary>
internal sealed class BundleRowSource : IRowSource
{
    private readonly ZipArchiveEntry entry;
    private readonly LineReader lines;

    public BundleRowSource(ZipArchiveEntry entry)
    {
        this.entry = entry;
        lines = new LineReader(entry.Open());
    }

    public Task SeekAsync(long position, CancellationToken cancellation) =>
        throw new NotSupportedException("A bundle is read from its beginning to its end.");

    public async Task FillAsync(RowBatch batch, CancellationToken cancellation)
    {
        while (!batch.IsFull && await lines.ReadAsync(cancellation) is { } line)
        {
            var row = RowJson.Read(line.Span);
            var slot = new RowSlot
            {
                Position = row.Position,
                Sequence = row.Sequence,
                Created = row.CreatedTicks,
                Identifier = row.Identifier,
                Deleted = row.Deleted,
            };
            batch.Add(slot, Encoding.UTF8.GetBytes(row.PersistenceId), Encoding.UTF8.GetBytes(row.Manifest), row.Message);
        }
    }

    // A bundle knows no streams, so it is gone through once more; that is asked for few calls, and once.
    public async Task<IReadOnlyList<JournalRow>> ReadStreamsAsync(
        IReadOnlyCollection<string> streams, CancellationToken cancellation)
    {
        var wanted = streams.ToHashSet(StringComparer.Ordinal);
        var rows = new List<JournalRow>();
        using var again = new LineReader(entry.Open());
        while (await again.ReadAsync(cancellation) is { } line)
        {
            var row = RowJson.Read(line.Span);
            if (wanted.Contains(row.PersistenceId))
            {
                rows.Add(row);
            }
        }
        return rows;
    }

    public ValueTask DisposeAsync()
    {
        lines.Dispose();
        return ValueTask.CompletedTask;
    }
}
