using Audit.Node.Hosting;

namespace Audit.Node.CommandLine.Operating;

/// <summary>What is made of the journal, or says the same as it: the read models and the tokens.</summary>
internal static class MadeOfIt
{
    /// <summary>In a book of no more rows all is compared; it takes a second or two.</summary>
    private const long FewRows = 20_000;

    public static async Task<IReadOnlyList<IntegrityFault>> CompareAsync(
        NodeOptions options, VerificationResult found, bool comparesAll, CancellationToken cancellation)
    {
        if (found.Integrity.Rows == 0)
        {
            return [];
        }

        var keys = options.OpenRowKeys(isNewStore: false);
        await using var book = await StoreMeta.OpenBookAsync(options.Store, keys, cancellation);
        await using var reads = new ReadModelsCheck(options.Store, book.Opened);
        var models = comparesAll || found.Integrity.Rows <= FewRows
            ? await reads.AllAsync(Directory.Exists(options.Data) ? options.Data : Path.GetTempPath(), cancellation)
            : await reads.SomeAsync(found.Sample, cancellation);
        var tokens = await TokensAsync(book, keys, cancellation);
        return
        [
            .. models.Select(one => new IntegrityFault(IntegrityFaultKind.ReadModelsDiffer, null, null, one)),
            .. tokens.Select(one => new IntegrityFault(IntegrityFaultKind.TokensDiffer, null, null, one)),
        ];
    }

    private static async Task<List<string>> TokensAsync(
        ReadBook book, RowKeys keys, CancellationToken cancellation)
    {
        var (made, revoked) = (new HashSet<string>(), new HashSet<string>());
        try
        {
            await foreach (var act in new PeopleStream(book.Opened, FailureLog.None).ReadAsync(0, cancellation))
            {
                _ = act.Act switch
                {
                    PeopleAct.TokenCreated => made.Add(act.Name),
                    PeopleAct.TokenRevoked => revoked.Add(act.Name),
                    _ => false,
                };
            }
        }
        catch (JournalUnavailableException closed)
        {
            return [closed.Message];
        }

        var rows = await ITokenStore.Over(book.Database, keys).ListAsync(cancellation);
        var known = rows.ToDictionary(row => row.Name);
        return
        [
            .. rows.Where(row => !row.IsProven)
                .Select(row => $"The row of the token \"{row.Name}\" is not as a node of this store wrote it."),
            .. made.Where(name => !known.ContainsKey(name))
                .Select(name => $"The token \"{name}\" was made, and the table of tokens does not have it."),
            .. rows.Where(row => row.RevokedAt is null && revoked.Contains(row.Name)).Select(row =>
                $"The token \"{row.Name}\" was revoked, and its row was set back to before; it opens nothing."),
            .. rows.Where(row => row is { IsProven: true, RevokedAt: null } && row.Name != FirstToken.Name
                && !made.Contains(row.Name)).Select(row =>
                $"The table has the token \"{row.Name}\", and nothing in the journal made it."),
        ];
    }
}
