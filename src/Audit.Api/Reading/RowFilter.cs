using Audit.Api.Access;

namespace Audit.Api.Reading;

/// <summary>Which rows a request gets to see: those it asks for, of those that its token may see.</summary>
internal sealed class RowFilter(Bearer bearer)
{
    public string? Session { get; init; }

    public string? Task { get; init; }

    /// <summary>A tool's name, or a pattern with `*` and `?`.</summary>
    public string? Tool { get; init; }

    private bool NeedsFacts =>
        Session is not null || Task is not null || Tool is not null || bearer.Agent is not null
            || bearer.Task is not null;

    public bool Passes(JournalRow row)
    {
        if (IsOfAdministration(row.PersistenceId) && !bearer.IsAdmin)
        {
            return false;
        }

        if (!NeedsFacts)
        {
            return true;
        }

        return RowWriter.IsOurs(row) && Passes(RowFacts.Read(row.Message));
    }

    private bool Passes(in RowFacts facts) =>
        (Session is null || facts.Session == Session)
        && (Task is null || facts.Task == Task)
        && (Tool is null || (facts.Tool is not null && Glob.Matches(Tool, facts.Tool)))
        && (bearer.Task is null || facts.Task == bearer.Task)
        && (bearer.Agent is null || facts.Agent == bearer.Agent);

    public static bool IsOfAdministration(string stream) =>
        stream.StartsWith("operator|", StringComparison.Ordinal)
            || stream.StartsWith("reader|", StringComparison.Ordinal);
}
