namespace Audit.Api.Reading;

/// <summary>Which rows a request gets to see: those it asks for, of those that its token may see.</summary>
/// <param name="scope">What lies outside of it passes nothing.</param>
/// <param name="withAdministration">Whether operators' acts and the diary of reads pass.</param>
internal sealed class RowFilter(ReadScope scope, bool withAdministration)
{
    public ReadScope Scope => scope;

    public bool SeesAdministration => withAdministration;

    public string? Session { get; init; }

    public string? Source { get; init; }

    public string? Task { get; init; }

    /// <summary>A tool's name, or a pattern with `*` and `?`.</summary>
    public string? Tool { get; init; }

    /// <summary>What lies behind this position does not pass.</summary>
    public long Through { get; init; } = long.MaxValue;

    /// <summary>The diary of reads does not pass: whoever reads live would hear itself read.</summary>
    public bool IsLive { get; init; }

    private bool NeedsFacts =>
        (Session ?? Source ?? Task ?? Tool) is not null || !scope.IsAll;

    public bool Passes(SeenRow seen)
    {
        if (seen.Row.Position > Through)
        {
            return false;
        }

        if (IsOfAdministration(seen.Row.PersistenceId)
            && (!withAdministration || (IsLive && IsOfDiary(seen.Row.PersistenceId))))
        {
            return false;
        }

        if (!NeedsFacts)
        {
            return true;
        }

        return seen.IsOurs && Passes(seen.View);
    }

    private bool Passes(in EventView view)
    {
        // A window that is asked for names its task and its agent in its terms.
        var hasTerms = view.IsObject(EventField.Terms);
        var task = view.Text(hasTerms ? EventField.TermsTask : EventField.TaskId);
        var agent = view.Text(hasTerms ? EventField.TermsAgent : EventField.Agent);
        var source = view.Text(EventField.Source);
        return (Session is null || view.Text(EventField.SessionId) == Session)
            && (Source is null || source == Source)
            && (Task is null || task == Task)
            && (Tool is null || (view.Text(EventField.ToolName) is { } tool && Glob.Matches(Tool, tool)))
            && scope.Sees(agent, task, source);
    }

    public static bool IsOfAdministration(string stream) =>
        stream.StartsWith("operator|", StringComparison.Ordinal) || IsOfDiary(stream);

    public static bool IsOfDiary(string stream) => stream.StartsWith("reader|", StringComparison.Ordinal);
}

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
