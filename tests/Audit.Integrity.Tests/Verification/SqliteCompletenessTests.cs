using Audit.Integrity.Tests.Support;

namespace Audit.Integrity.Tests.Verification;

public sealed class SqliteCompletenessTests : CompletenessContract
{
    protected override Task<Book> CreateAsync() => Task.FromResult<Book>(new SqliteBook());
}
