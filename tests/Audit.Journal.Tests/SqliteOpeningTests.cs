namespace Audit.Journal.Tests;

/// <summary>A SQLite store opens, or says in a sentence why not.</summary>
public sealed class SqliteOpeningTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task a_second_node_on_the_same_file_is_refused_and_told_who_has_it()
    {
        var path = directory.File("journal.db");
        await using (await OpenAsync(path))
        {
            var refusal = await RefusalAsync(path);
            Assert.Contains($"in use by process {Environment.ProcessId}", refusal);
            Assert.Contains(path, refusal);
        }
        await using var again = await OpenAsync(path);
        Assert.Contains("in use by process", await RefusalAsync(path));
    }

    [Fact]
    public async Task a_file_of_a_newer_program_is_refused_and_left_alone()
    {
        var path = directory.File("journal.db");
        await (await OpenAsync(path)).DisposeAsync();
        await using var place = new SqlitePlace();
        File.Copy(path, place.File);
        place.Execute("INSERT INTO schema_version VALUES (99, '099_future', 'now')");

        var refusal = await RefusalAsync(place.File);

        Assert.Contains("schema version 99", refusal);
        Assert.Contains("newer program", refusal);
    }

    [Fact]
    public async Task a_table_named_journal_that_is_not_ours_is_refused()
    {
        await using var place = new SqlitePlace();
        File.WriteAllBytes(place.File, []);
        place.Execute("CREATE TABLE journal (x)");
        Assert.Contains("journal already exists", await RefusalAsync(place.File));
    }

    [Fact]
    public async Task a_file_that_is_no_database_is_refused()
    {
        var path = directory.File("letter.txt");
        File.WriteAllText(path, "Dear Sir or Madam, " + new string('x', 10_000));
        Assert.Contains("not a database", await RefusalAsync(path));
    }

    [Theory]
    [InlineData(":memory:")]
    [InlineData("file::memory:?cache=shared")]
    public async Task a_journal_in_memory_is_refused(string path) =>
        Assert.Contains("kept on disk", await RefusalAsync(path));

    [Fact]
    public async Task a_path_that_cannot_be_made_is_refused()
    {
        var file = directory.File("file");
        File.WriteAllText(file, "");
        Assert.Contains(file, await RefusalAsync(Path.Combine(file, "below", "journal.db")));
        Assert.Contains(directory.Path, await RefusalAsync(directory.Path));
    }

    [Fact]
    public async Task missing_directories_are_made_and_only_the_owner_may_read_what_is_made()
    {
        var path = directory.File(Path.Combine("a", "b", "journal.db"));
        await using var store = await OpenAsync(path);

        Assert.Equal(path, store.Place);
        Assert.Equal("sqlite", store.Kind);
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(Path.GetDirectoryName(path)!));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path + "-wal"));
    }

    private static Task<IAuditStore> OpenAsync(string path) =>
        AuditStore.OpenAsync($"sqlite:{path}", TestKeys.Given, CancellationToken.None);

    private static async Task<string> RefusalAsync(string path) =>
        (await Assert.ThrowsAsync<StoreException>(() => OpenAsync(path))).Message;
}
