namespace Audit.Journal.Tests;

[NeedsPostgres]
public sealed class PostgresStoreContract : StoreContract
{
    protected override async Task<IStorePlace> PlaceAsync() => await PostgresPlace.CreateAsync();
}
