using Audit.Integrity.Tests.Support;

namespace Audit.Integrity.Tests.Verification;

[NeedsPostgres]
public sealed class PostgresTamperTests : TamperMatrix
{
    protected override async Task<Book> CreateAsync() => await PostgresBook.CreateAsync();

    [ContractFact]
    public async Task a_row_before_the_first_position_is_found()
    {
        await Book.SealAsync(10);
        await Book.TamperAsync(
            Book.InsertSql + "VALUES (-5, 1, false, 'forged', 1, @message, 'call.transitioned.v2', 7401, 'w')",
            ("message", "{}"u8.ToArray()));
        await AssertFoundAsync(IntegrityFaultKind.RowsInserted, -5);
    }
}
