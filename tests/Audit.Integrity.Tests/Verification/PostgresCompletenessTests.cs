using Audit.Testing;

namespace Audit.Integrity.Tests;

[NeedsPostgres]
public sealed class PostgresCompletenessTests : CompletenessContract
{
    protected override async Task<Book> CreateAsync() => await PostgresBook.CreateAsync();
}
