using Audit.Journal;
using Audit.Journal.Events;

namespace Audit.Engine.Local;

/// <summary>Takes the rows of the item that is being decided.</summary>
internal sealed class RowSink
{
    private List<RowToAppend> rows = [];
    private long createdTicks;

    /// <summary>Begins a group; all of its rows are created at one time.</summary>
    public void Begin(List<RowToAppend> target, DateTimeOffset created)
    {
        rows = target;
        createdTicks = created.UtcTicks;
    }

    public void Add(StreamHandle stream, long sequence, EncodedEvent encoded) =>
        rows.Add(new RowToAppend(stream, sequence, encoded.Manifest, createdTicks, encoded.Message));
}
