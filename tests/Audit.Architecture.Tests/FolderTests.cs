namespace Audit.Architecture.Tests;

/// <summary>Inside a room, too, what is used does not use its user: folders point one way.</summary>
public sealed class FolderTests
{
    /// <summary>
    /// Rooms in which circles are still being taken apart. A name is taken out when its room has none, and none is
    /// added.
    /// </summary>
    private static readonly string[] WithCircles =
    [
        "Audit.Lifecycle",
        "Audit.Api",
        "Audit.Node",
    ];

    public static TheoryData<string> Names => Rooms.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void the_folders_of_a_room_point_one_way(string name)
    {
        var circles = FolderGraph.Of(Rooms.Project(name)).Circles();
        if (!WithCircles.Contains(name))
        {
            Assert.True(circles.Count == 0, string.Join("\n\n", circles));
        }
    }
}
