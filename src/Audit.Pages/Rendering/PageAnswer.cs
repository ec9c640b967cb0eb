
namespace Audit.Pages.Rendering;

/// <summary>What a page's request is answered with: a page, a way to another, or a sentence on what was wrong.</summary>
internal sealed record PageAnswer
{
    public int Status { get; private init; } = StatusCodes.Status200OK;

    public PageFrame? Frame { get; private init; }

    public string? Location { get; private init; }

    public static PageAnswer Show<TContent>(
        string title, string section, object view, string[]? modules = null, int? refresh = null, int status = StatusCodes.Status200OK)
        where TContent : Microsoft.AspNetCore.Components.IComponent => new()
    {
        Status = status,
        Frame = new PageFrame(title, section, typeof(TContent), view) { Modules = modules ?? [], Refresh = refresh },
    };

    /// <param name="location">A path of this node.</param>
    public static PageAnswer Go(string location) => new() { Status = StatusCodes.Status303SeeOther, Location = location };

    public static PageAnswer Wrong(Problem problem) =>
        Show<ProblemPage>(problem.Title, "", new ProblemView(problem.Status, problem.Title, problem.Detail), status: problem.Status);
}
