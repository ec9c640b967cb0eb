namespace Audit.Architecture.Tests;

/// <summary>Inside a room, too, what is used does not use its user: folders point one way.</summary>
public sealed class FolderTests
{
    public static TheoryData<string> Names => Rooms.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void the_folders_of_a_room_point_one_way(string name)
    {
        var circles = FolderGraph.Of(Rooms.Project(name)).Circles();
        Assert.True(circles.Count == 0, string.Join("\n\n", circles));
    }
}
