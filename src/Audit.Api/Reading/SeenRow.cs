namespace Audit.Api.Reading;

/// <summary>A row on its way to a reader; what its event says is read once, when it is first asked for.</summary>
internal sealed class SeenRow(JournalRow row)
{
    private EventView view;
    private bool? isOurs;

    public JournalRow Row { get; } = row;

    /// <summary>
    /// Whether it is what our own serializer writes, and a node wrote it. A row that somebody broke must not break the
    /// answer it is in.
    /// </summary>
    public bool IsOurs => isOurs ??= Row.IsProven && Row.Identifier == JournalTable.SerializerId
        && Row.Message is [(byte)'{', ..] && EventView.TryRead(Row.Message, out view);

    /// <summary>Empty of a row that is none of ours.</summary>
    public ref readonly EventView View
    {
        get
        {
            _ = IsOurs;
            return ref view;
        }
    }

    /// <summary>
    /// Notes that the row is given to a reader. That somebody looks at the diary of reads makes no more of it.
    /// </summary>
    public void TraceIn(ReadScope scope)
    {
        if (!RowFilter.IsOfDiary(Row.PersistenceId))
        {
            scope.Trace?.Add(Row.Position);
        }
    }

    public static IEnumerable<SeenRow> Of(IEnumerable<JournalRow> rows) => rows.Select(row => new SeenRow(row));
}
