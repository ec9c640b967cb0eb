namespace Audit.Pages.Shared;

/// <summary>The answer to a request for a page: a page, a way to another, or a sentence on what was wrong.</summary>
internal sealed record PageAnswer
{
    public int Status { get; private init; } = StatusCodes.Status200OK;

    public PageFrame? Frame { get; private init; }

    public string? Location { get; private init; }

    public static PageAnswer Show<TContent>(
        string title, string section, object view, string[]? modules = null, int? refresh = null,
        int status = StatusCodes.Status200OK)
        where TContent : Microsoft.AspNetCore.Components.IComponent => new()
    {
        Status = status,
        Frame = new PageFrame(title, section, typeof(TContent), view) { Modules = modules ?? [], Refresh = refresh },
    };

    /// <param name="location">A path of this node.</param>
    public static PageAnswer Go(string location) =>
        new() { Status = StatusCodes.Status303SeeOther, Location = location };

    public static PageAnswer Wrong(Problem problem) =>
        Show<ProblemPage>(problem.Title, "", new ProblemView(problem.Title, problem.Detail, problem.Choices ?? []), status: problem.Status);
}

/// <summary>A whole page: its content and what stands around it.</summary>
public sealed record PageFrame(string Title, string Section, Type Content, object View)
{
    public Viewer? Viewer { get; init; }

    public IReadOnlyList<string> Modules { get; init; } = [];

    /// <summary>Without scripts the page is loaded again after so many seconds.</summary>
    public int? Refresh { get; init; }

    /// <summary>The path and query of the request, to come back to.</summary>
    public string Here { get; init; } = "/";

    /// <summary>Whether this is a book of one person, who approves what she asked for herself.</summary>
    public bool AllowsSelfApproval { get; init; }

    /// <summary>Where style and scripts of this program lie.</summary>
    public string Assets { get; init; } = "";
}

/// <param name="Choices">Where each of the things is that may be meant.</param>
public sealed record ProblemView(string Title, string Detail, IReadOnlyList<(string Source, string Href)> Choices);

/// <summary>Who looks at a page, as far as the page asks.</summary>
/// <param name="Bound">What the token is bound to, in words; null where it sees all.</param>
/// <param name="FormSecret">What forms of this page carry.</param>
public sealed record Viewer(
    string Name, bool MayDecide, bool MayRequest, bool MayAdminister, string? Bound, string FormSecret)
{
    /// <summary>Late messages of a window, and violations that wait for review.</summary>
    public bool MayAccept => MayDecide || MayAdminister;
}

/// <summary>One page of a list, of those items that its reader may see.</summary>
public sealed record ListView<T>(IReadOnlyList<T> Items, string? Next);
