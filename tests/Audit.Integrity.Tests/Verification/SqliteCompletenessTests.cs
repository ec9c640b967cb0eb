namespace Audit.Integrity.Tests;

public sealed class SqliteCompletenessTests : CompletenessContract
{
    protected override Task<Book> CreateAsync() => Task.FromResult<Book>(new SqliteBook());
}
