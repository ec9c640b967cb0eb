namespace Audit.Pages.Rendering;

/// <summary>A whole page: its content and what stands around it.</summary>
public sealed record PageFrame(string Title, string Section, Type Content, object View)
{
    public Viewer? Viewer { get; init; }

    public IReadOnlyList<string> Modules { get; init; } = [];

    /// <summary>Without scripts the page is loaded again after so many seconds.</summary>
    public int? Refresh { get; init; }

    /// <summary>The path and query of the request, to come back to.</summary>
    public string Here { get; init; } = "/";

    /// <summary>Where style and scripts of this program lie.</summary>
    public string Assets { get; init; } = "";
}
