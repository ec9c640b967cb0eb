namespace Audit.Api.Reading;

/// <summary>Which rows a request gets to see: those it asks for, of those that its token may see.</summary>
internal sealed class RowFilter(Bearer bearer)
{
    public string? Session { get; init; }

    public string? Task { get; init; }

    /// <summary>A tool's name, or a pattern with `*` and `?`.</summary>
    public string? Tool { get; init; }

    private bool NeedsFacts =>
        Session is not null || Task is not null || Tool is not null || bearer.IsBound;

    public bool Passes(SeenRow seen)
    {
        if (IsOfAdministration(seen.Row.PersistenceId) && !bearer.IsAdmin)
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
        return (Session is null || view.Text(EventField.SessionId) == Session)
            && (Task is null || task == Task)
            && (Tool is null || (view.Text(EventField.ToolName) is { } tool && Glob.Matches(Tool, tool)))
            && bearer.RefuseBound(agent, task) is null;
    }

    public static bool IsOfAdministration(string stream) =>
        stream.StartsWith("operator|", StringComparison.Ordinal)
            || stream.StartsWith("reader|", StringComparison.Ordinal);
}
