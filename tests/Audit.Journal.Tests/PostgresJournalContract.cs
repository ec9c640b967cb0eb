namespace Audit.Journal.Tests;

[NeedsPostgres]
public sealed class PostgresJournalContract : JournalContract
{
    protected override async Task<IStorePlace> PlaceAsync() => await PostgresPlace.CreateAsync();
}
