namespace Audit.Integrity.Tests;

public sealed class SqliteSealerTests : SealerContract
{
    protected override Task<Book> CreateAsync() => Task.FromResult<Book>(new SqliteBook());
}
