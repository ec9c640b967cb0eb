using Audit.Architecture.Tests.Samples.Used;
using Audit.Architecture.Tests.Samples.Used.Inner;
using Audit.Architecture.Tests.Samples.Using;

namespace Audit.Architecture.Tests;

/// <summary>
/// The finder of circles finds those of the samples beside it: a check that cannot fail would be none.
/// </summary>
public sealed class FolderFinderTests
{
    private const string Samples = "Audit.Architecture.Tests.Samples";

    private static readonly ProjectFile Project = 
        ProjectFile.All("tests").Single(project => project.Name == "Audit.Architecture.Tests");

    private static readonly IReadOnlyList<RoomType> Types = CompiledUses.Read(Project.Assembly, Project.Name).Types;

    [Theory]
    [InlineData(nameof(AsBase), nameof(ForBase))]
    [InlineData(nameof(AsInterface), nameof(IForInterface))]
    [InlineData(nameof(AsMember), nameof(ForMember))]
    [InlineData(nameof(InBody), nameof(ForBody))]
    [InlineData(nameof(InGeneric), nameof(ForGeneric))]
    [InlineData("InConstraint`1", nameof(ForBase))]
    [InlineData(nameof(InLambda), nameof(ForLambda))]
    [InlineData(nameof(InTypeOf), nameof(ForTypeOf))]
    [InlineData(nameof(InAttribute), nameof(ForAttribute))]
    [InlineData(nameof(InAttribute), nameof(ForArgument))]
    [InlineData(nameof(InNested), nameof(ForNested))]
    [InlineData(nameof(InCatch), nameof(ForCatch))]
    public void a_use_in_the_compiled_file_is_found(string user, string used)
    {
        var uses = CompiledUses.Read(Project.Assembly, Project.Name).Uses;
        var expected = new FolderUse(
            $"{Samples}.Using", $"{Samples}.Used", $"{Samples}.Using.{user} uses {Samples}.Used.{used}");
        Assert.Contains(expected, uses);
    }

    [Theory]
    [InlineData(nameof(ForConstant))]
    [InlineData(nameof(ForEnum))]
    [InlineData(nameof(ForNameof))]
    public void a_name_that_only_the_source_has_is_found(string used)
    {
        var uses = SourceUses.Read(SourceFile.Below("tests/Audit.Architecture.Tests/Samples"), Types);
        var place = $"tests/Audit.Architecture.Tests/Samples/Using/Manners.cs names {Samples}.Used.{used}";
        Assert.Contains(uses, use => use.Place == place);
    }

    [Theory]
    [InlineData("using Audit.X.B;")]
    [InlineData("using static Audit.X.B.Limits;")]
    [InlineData("using Short = Audit.X.B.Limits;")]
    [InlineData("global using Audit.X.B;")]
    [InlineData("@using Audit.X.B")]
    [InlineData("namespace Audit.X.A;\nusing B;")]
    [InlineData("var most = Audit.X.B.Limits.Most;")]
    [InlineData("var most = B.Limits.Most;")]
    public void a_directive_or_a_constant_is_a_use(string text)
    {
        Assert.Contains(UsesOf(text), use => use is { From: "Audit.X.A", To: "Audit.X.B" });
    }

    [Theory]
    [InlineData("var most = Limits.Most;")]
    [InlineData("using var file = Limits.Open();")]
    [InlineData("// Audit.X.B.Limits.Most is another's.")]
    public void what_the_source_cannot_mean_is_no_use(string text) =>
        Assert.Empty(UsesOf(text));

    [Fact]
    public void a_folder_and_its_parent_can_make_a_circle()
    {
        var circle = Assert.Single(FolderGraph.Of(Project).Circles());
        Assert.Contains($"{Samples}.Used -> {Samples}.Used.Inner", circle, StringComparison.Ordinal);
        Assert.Contains($"{Samples}.Used.Inner -> {Samples}.Used: ", circle, StringComparison.Ordinal);
        Assert.Contains("Samples/Used/Inner/Child.cs names", circle, StringComparison.Ordinal);
    }

    [Fact]
    public void a_circle_is_named_with_a_place_for_each_edge()
    {
        var graph = new FolderGraph(
        [
            new FolderUse("A", "B", "one"),
            new FolderUse("B", "C", "two"),
            new FolderUse("C", "A", "three"),
            new FolderUse("C", "D", "four"),
        ]);
        Assert.Equal(
            "3 folders reach each other, for one: A -> B -> C -> A\n  A -> B: one\n  B -> C: two\n  C -> A: three",
            Assert.Single(graph.Circles()));
    }

    [Fact]
    public void one_way_is_no_circle() => Assert.Empty(new FolderGraph(
    [
        new FolderUse("A", "B", "one"),
        new FolderUse("B", "C", "two"),
        new FolderUse("A", "C", "three"),
    ]).Circles());

    private static IEnumerable<FolderUse> UsesOf(string text) => SourceUses.Read(
        [new SourceFile("A.cs", "Audit.X.A", text)],
        [new RoomType("Limits", "Audit.X.B", new HashSet<string> { "Most" })]);
}
