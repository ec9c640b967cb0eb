namespace Audit.Actors.Tests;

public sealed class SqliteHandOverTests : HandOverContract
{
    private readonly TemporaryDirectory directory = new();

    protected override Task<string> MakeStoreAsync() => Task.FromResult("sqlite:" + directory.File("journal.db"));

    public override Task DisposeAsync()
    {
        directory.Dispose();
        return Task.CompletedTask;
    }
}
