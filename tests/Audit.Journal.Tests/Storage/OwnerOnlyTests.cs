namespace Audit.Journal.Tests.Storage;

/// <summary>What is made for the owner alone is nobody else's, from its first moment on.</summary>
public sealed class OwnerOnlyTests : IDisposable
{
    private const UnixFileMode Everybody = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly TemporaryDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public void a_made_file_is_the_owners_and_is_never_written_over()
    {
        var path = directory.File("made");
        using (var file = OwnerOnly.Create(path))
        {
            file.WriteByte(1);
        }

        AssertMode(OwnerOnly.Mode, path);
        Assert.Throws<IOException>(() => OwnerOnly.Create(path));
        OwnerOnly.MakeFile(path);
        Assert.Equal([1], File.ReadAllBytes(path));
    }

    [Fact]
    public void an_empty_file_is_made_where_there_is_none()
    {
        OwnerOnly.MakeFile(directory.File("empty"));
        Assert.Empty(File.ReadAllBytes(directory.File("empty")));
        AssertMode(OwnerOnly.Mode, directory.File("empty"));
    }

    [Fact]
    public void a_made_directory_is_the_owners_and_one_that_is_there_is_left_alone()
    {
        var path = directory.File("a");
        OwnerOnly.MakeDirectory(path);
        AssertMode(OwnerOnly.Mode | UnixFileMode.UserExecute, path);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, Everybody);
            OwnerOnly.MakeDirectory(path);
            AssertMode(Everybody, path);
            File.SetUnixFileMode(path, OwnerOnly.Mode | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public void a_replaced_file_has_the_new_content_whole_and_the_mode_that_was_asked_for()
    {
        var path = directory.File("replaced");
        File.WriteAllText(path + ".new", "what a machine that stopped left");
        OwnerOnly.Replace(path, "one"u8);
        AssertMode(OwnerOnly.Mode, path);
        OwnerOnly.Replace(path, "two"u8, Everybody);
        AssertMode(Everybody, path);
        Assert.Equal("two", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(directory.Path));
    }

    private static void AssertMode(UnixFileMode expected, string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(expected, File.GetUnixFileMode(path));
        }
    }
}
