namespace Audit.Architecture.Tests;

/// <summary>The law takes the clock and all else as data, so that a replay tomorrow gives what was given today.</summary>
public sealed class PurityTests
{
    private const string Lifecycle = "Audit.Lifecycle";
    private const string Formats = "Audit.Formats";

    private static readonly string[] ImpureTypes =
    [
        "System.TimeProvider",
        "System.Random",
        "System.Console",
        "System.Diagnostics.Stopwatch",
        "System.Diagnostics.Process",
        "System.Security.Cryptography.RandomNumberGenerator",
        "System.IO.File",
        "System.IO.FileInfo",
        "System.IO.FileStream",
        "System.IO.Directory",
        "System.IO.DirectoryInfo",
    ];

    private static readonly string[] ImpureMembers =
    [
        "System.DateTime.get_Now",
        "System.DateTime.get_UtcNow",
        "System.DateTime.get_Today",
        "System.DateTimeOffset.get_Now",
        "System.DateTimeOffset.get_UtcNow",
        "System.Guid.NewGuid",
        "System.Guid.CreateVersion7",
    ];

    [Fact]
    public void the_law_references_no_package_and_no_project()
    {
        var project = Rooms.Project(Lifecycle);
        Assert.Empty(project.Packages);
        Assert.Empty(project.Projects);
    }

    [Fact]
    public void the_compiled_law_references_the_framework_alone() =>
        Assert.All(Compiled.References, name => Assert.StartsWith("System.", name, StringComparison.Ordinal));

    [Fact]
    public void the_law_reads_no_clock_draws_no_random_number_and_touches_no_file() =>
        Assert.DoesNotContain(Compiled.Types, IsImpure);

    [Fact]
    public void the_law_asks_nobody_for_the_time_or_a_new_identity() =>
        Assert.DoesNotContain(Compiled.Members, IsImpureMember);

    [Theory]
    [InlineData(Formats)]
    [InlineData("Audit.Policy")]
    public void a_room_that_only_thinks_is_as_pure_as_the_law(string name)
    {
        var room = CompiledAssembly.Read(Rooms.Project(name).Assembly);
        Assert.Empty(Rooms.Project(name).Packages);
        Assert.DoesNotContain(room.Types, IsImpure);
        Assert.DoesNotContain(room.Members, IsImpureMember);
    }

    [Theory]
    [InlineData("\"toolCallId\"")]
    [InlineData("\"tool_use_id\"")]
    [InlineData("\"hook_event_name\"")]
    [InlineData("\"permission_denied\"")]
    [InlineData("\"resourceSpans\"")]
    public void the_words_of_other_systems_stand_in_the_formats_alone(string word)
    {
        var elsewhere = SourceFile.Below("src")
            .Where(file => !file.Path.StartsWith($"src/{Formats}/", StringComparison.Ordinal))
            .SelectMany(file => file.Text.Split('\n')
                .Where(line => line.Contains(word, StringComparison.Ordinal))
                .Where(line => !line.TrimStart().StartsWith("///", StringComparison.Ordinal))
                .Select(line => $"{file.Path}: {line}"));
        Assert.Empty(elsewhere);
    }

    private static CompiledAssembly Compiled => CompiledAssembly.Read(Rooms.Project(Lifecycle).Assembly);

    // The compiler's own iterators ask on which thread they are, and nothing else may be asked of the environment.
    private static bool IsImpureMember(string member) =>
        ImpureMembers.Contains(member)
        || (member.StartsWith("System.Environment.", StringComparison.Ordinal)
            && member != "System.Environment.get_CurrentManagedThreadId");

    private static bool IsImpure(string type) =>
        ImpureTypes.Contains(type) || type.StartsWith("System.Net.", StringComparison.Ordinal);
}
