namespace Audit.Architecture.Tests;

/// <summary>The rooms under src, and what each may reference.</summary>
internal static class Rooms
{
    /// <summary>From the bottom up: a room may import only rooms that stand before it.</summary>
    private static readonly string[] Order =
    [
        "Audit.Lifecycle",
        "Audit.Policy",
        "Audit.Storage",
        "Audit.Journal",
        "Audit.Engine",
        "Audit.Actors",
        "Audit.Projections",
        "Audit.Integrity",
        "Audit.Formats",
        "Audit.Client",
        "Audit.Client.AI",
        "Audit.Wire",
        "Audit.Api",
        "Audit.Pages",
        "Audit.Node",
    ];

    /// <summary>What a room must not import although it stands before it.</summary>
    private static readonly Dictionary<string, string[]> Barred = new()
    {
        ["Audit.Storage"] = ["Audit.Lifecycle", "Audit.Policy"],
        ["Audit.Journal"] = ["Audit.Policy"],
        ["Audit.Engine"] = ["Audit.Policy"],
        ["Audit.Actors"] = ["Audit.Policy"],
        ["Audit.Projections"] = ["Audit.Policy", "Audit.Engine", "Audit.Actors"],
        ["Audit.Integrity"] = ["Audit.Policy", "Audit.Engine", "Audit.Actors", "Audit.Projections"],
        ["Audit.Formats"] =
        [
            "Audit.Policy",
            "Audit.Storage",
            "Audit.Journal",
            "Audit.Engine",
            "Audit.Actors",
            "Audit.Projections",
            "Audit.Integrity",
        ],
        ["Audit.Client"] = [.. Order],
        ["Audit.Client.AI"] = [.. Order.Except(["Audit.Client"])],
        ["Audit.Wire"] = [.. Order.Except(["Audit.Client"])],
    };

    /// <summary>A room that no issue has filled yet is not there, which is no fault.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> MayReference = Order.Index().ToDictionary(
        room => room.Item,
        room => Order[..room.Index].Except(Barred.GetValueOrDefault(room.Item, [])).ToArray());

    public static IReadOnlyList<ProjectFile> Projects { get; } = ProjectFile.All("src");

    public static TheoryData<string> Names { get; } = [.. Projects.Select(project => project.Name)];

    public static ProjectFile Project(string name) => Projects.Single(project => project.Name == name);
}
