namespace Audit.Architecture.Tests;

/// <summary>The rooms under src, and what each may reference.</summary>
internal static class Rooms
{
    private const string Lifecycle = "Audit.Lifecycle";
    private const string Journal = "Audit.Journal";
    private const string Engine = "Audit.Engine";
    private const string Actors = "Audit.Actors";
    private const string Projections = "Audit.Projections";
    private const string Integrity = "Audit.Integrity";
    private const string Formats = "Audit.Formats";
    private const string Client = "Audit.Client";
    private const string Node = "Audit.Node";

    /// <summary>A room that no issue has filled yet is not there, which is no fault.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> MayReference = new Dictionary<string, string[]>
    {
        [Lifecycle] = [],
        [Journal] = [Lifecycle],
        [Engine] = [Lifecycle, Journal],
        [Actors] = [Lifecycle, Journal, Engine],
        [Projections] = [Lifecycle, Journal],
        [Integrity] = [Lifecycle, Journal],
        [Formats] = [Lifecycle],
        [Client] = [Lifecycle],
        [Node] = [Lifecycle, Journal, Engine, Actors, Projections, Integrity, Formats, Client],
    };

    public static IReadOnlyList<ProjectFile> Projects { get; } = ProjectFile.All("src");

    public static TheoryData<string> Names { get; } = [.. Projects.Select(project => project.Name)];

    public static ProjectFile Project(string name) => Projects.Single(project => project.Name == name);
}
