namespace Audit.Engine.Local;

/// <summary>Makes rows of the events that are being decided.</summary>
internal sealed class RowSink
{
    private readonly List<EncodedEvent> events = [];
    private List<RowToAppend> rows = [];
    private long createdTicks;

    /// <summary>Begins a group; all of its rows are created at one time.</summary>
    public void Begin(List<RowToAppend> target, DateTimeOffset created)
    {
        rows = target;
        createdTicks = created.UtcTicks;
    }

    /// <summary>Begins an item; its events go into the list.</summary>
    public List<EncodedEvent> Begin()
    {
        events.Clear();
        return events;
    }

    /// <summary>Adds the rows of the item, which follow the sequence number given.</summary>
    public void Add(StreamHandle stream, long sequence)
    {
        foreach (var encoded in events)
        {
            rows.Add(new RowToAppend(stream, ++sequence, encoded.Manifest, createdTicks, encoded.Message));
        }
    }
}
