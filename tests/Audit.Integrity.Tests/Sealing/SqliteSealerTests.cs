using Audit.Integrity.Tests.Support;

namespace Audit.Integrity.Tests.Sealing;

public sealed class SqliteSealerTests : SealerContract
{
    protected override Task<Book> CreateAsync() => Task.FromResult<Book>(new SqliteBook());
}
