namespace Audit.Integrity.Tests.Notes;

public sealed class KeyFileTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task a_key_that_was_made_is_found_again_with_its_verifier_key_beside_it()
    {
        var file = new KeyFile(directory.File("log.key"));
        Assert.Null(file.Find());
        var made = await file.CreateAsync("example.com/log");
        Assert.Equal(made.Key, file.Find()!.Key);
        Assert.Equal(made.Key, KeyFile.FindVerifierKey(file.Path));
        Assert.Equal(made.Key, KeyFile.FindVerifierKey(file.PublicPath));
        Assert.Null(KeyFile.FindVerifierKey(directory.File("nothing")));
        Assert.Equal(made.Key + "\n", File.ReadAllText(file.PublicPath));
    }

    [Fact]
    public async Task only_the_owner_may_read_it()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var file = new KeyFile(directory.File("log.key"));
        await file.CreateAsync("example.com/log");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file.Path));
        File.SetUnixFileMode(file.Path, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        Assert.Contains("0600", Assert.Throws<LogKeyException>(file.Find).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task the_key_of_the_log_before_is_kept_and_the_same_name_makes_no_new_key()
    {
        var file = new KeyFile(directory.File("log.key"));
        var first = await file.CreateAsync("example.com/log");
        Assert.Equal(first.Key, (await file.CreateAsync("example.com/log")).Key);
        var second = await file.CreateAsync("example.com/log-2");
        Assert.NotEqual(first.Key, second.Key);
        Assert.Equal(first.Key, new KeyFile(file.Path + ".1").Find()!.Key);
    }

    [Fact]
    public void a_file_that_holds_no_key_is_said_to_be_so()
    {
        var path = directory.File("log.key");
        File.WriteAllText(path, "hello");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        Assert.Contains(path, Assert.Throws<LogKeyException>(new KeyFile(path).Find).Message, StringComparison.Ordinal);
    }
}
