namespace Audit.Projections.Tests;

public sealed class SqliteRebuildTests : RebuildContract
{
    private readonly TemporaryDirectory directory = new();

    protected override Task<string> PrepareAsync() => Task.FromResult("sqlite:" + directory.File("journal.db"));

    protected override Task RemoveAsync()
    {
        directory.Dispose();
        return Task.CompletedTask;
    }
}
