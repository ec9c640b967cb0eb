using Audit.Integrity.Tests.Support;

namespace Audit.Integrity.Tests.Verification;

/// <summary>Whoever looks at a store beside its node may ask several things at once.</summary>
public abstract class LookContract : BookTests
{
    private const int Rows = 200;
    private const int Askings = 4_000;

    [ContractFact]
    public async Task many_ask_at_once_and_each_gets_the_answer_to_its_own_question()
    {
        await Book.AppendAsync(Rows);
        await using var look = new StoreLook(Book.Address);
        var positions = await look.ReadAsync(
            session => session.QueryAsync(
                "SELECT ordering FROM journal ORDER BY ordering", [], row => row.Number(0), default),
            default);
        Assert.Equal(Rows, positions.Count);
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Askings), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (asking, cancellation) =>
            {
                var wanted = positions[asking % Rows];
                var found = await look.ReadAsync(
                    session => session.QueryAsync(
                        "SELECT ordering FROM journal WHERE ordering = $1", [wanted], row => row.Number(0), cancellation),
                    cancellation);
                Assert.Equal(wanted, Assert.Single(found));
            });
    }
}

public sealed class SqliteLookTests : LookContract
{
    protected override Task<Book> CreateAsync() => Task.FromResult<Book>(new SqliteBook());
}

[NeedsPostgres]
public sealed class PostgresLookTests : LookContract
{
    protected override async Task<Book> CreateAsync() => await PostgresBook.CreateAsync();
}
