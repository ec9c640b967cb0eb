using Audit.Integrity.Tests.Support;

namespace Audit.Integrity.Tests.Verification;

[NeedsPostgres]
public sealed class PostgresCompletenessTests : CompletenessContract
{
    protected override async Task<Book> CreateAsync() => await PostgresBook.CreateAsync();
}
