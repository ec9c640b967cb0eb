namespace Audit.Journal.Tests;

public sealed class SqliteJournalContract : JournalContract
{
    protected override Task<IStorePlace> PlaceAsync() => Task.FromResult<IStorePlace>(new SqlitePlace());
}
