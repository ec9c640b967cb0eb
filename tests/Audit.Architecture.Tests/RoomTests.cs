namespace Audit.Architecture.Tests;

public sealed class RoomTests
{
    public static TheoryData<string> Names => Rooms.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void a_project_under_src_is_a_room_of_the_architecture(string name) =>
        Assert.Contains(name, Rooms.MayReference.Keys);

    [Theory]
    [MemberData(nameof(Names))]
    public void a_project_file_references_only_the_rooms_it_may(string name) =>
        Assert.Empty(Rooms.Project(name).Projects.Except(Rooms.MayReference[name]));

    [Theory]
    [MemberData(nameof(Names))]
    public void a_compiled_room_references_only_the_rooms_it_may(string name)
    {
        var roomOf = Rooms.Projects.ToDictionary(project => project.AssemblyName, project => project.Name);
        var referenced = CompiledAssembly.Read(Rooms.Project(name).Assembly).References
            .Where(roomOf.ContainsKey)
            .Select(assembly => roomOf[assembly]);
        Assert.Empty(referenced.Except(Rooms.MayReference[name]));
    }
}
