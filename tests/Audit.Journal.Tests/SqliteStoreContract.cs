namespace Audit.Journal.Tests;

public sealed class SqliteStoreContract : StoreContract
{
    protected override Task<IStorePlace> PlaceAsync() => Task.FromResult<IStorePlace>(new SqlitePlace());
}
