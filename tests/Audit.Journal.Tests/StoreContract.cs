namespace Audit.Journal.Tests;

/// <summary>What every store keeps beside its journal: secrets and tokens.</summary>
public abstract class StoreContract : IAsyncLifetime
{
    private static readonly DateTimeOffset At = new(2026, 3, 1, 12, 30, 15, TimeSpan.FromHours(2));

    private IStorePlace place = null!;
    private IAuditStore store = null!;

    protected abstract Task<IStorePlace> PlaceAsync();

    public async Task InitializeAsync()
    {
        place = await PlaceAsync();
        store = await place.OpenAsync();
    }

    public async Task DisposeAsync()
    {
        await store.DisposeAsync();
        await place.DisposeAsync();
    }

    [ContractFact]
    public async Task a_token_is_found_by_its_hash_as_it_was_added()
    {
        var token = Token("ci-7", 1) with
        {
            Source = new TokenSource(3, "ci"), Bound = new TokenBounds(["copilot", "other"], ["migrate orders"], ["ci"]),
            ExpiresAt = At.AddDays(30), LastUsedAt = At.AddDays(1),
        };
        Assert.True(await store.Tokens.AddAsync(token, CancellationToken.None));

        var found = await store.Tokens.FindAsync(token.Sha256, CancellationToken.None);

        Assert.Equivalent(token, found);
        Assert.Null(await store.Tokens.FindAsync(new byte[32], CancellationToken.None));
    }

    [ContractFact]
    public async Task a_name_stands_for_one_token_for_ever()
    {
        Assert.True(await store.Tokens.AddAsync(Token("ci-7", 1), CancellationToken.None));
        Assert.False(await store.Tokens.AddAsync(Token("ci-7", 2), CancellationToken.None));
        Assert.True(await store.Tokens.RevokeAsync("ci-7", At, CancellationToken.None));
        Assert.False(await store.Tokens.AddAsync(Token("ci-7", 3), CancellationToken.None));
        Assert.Single(await store.Tokens.ListAsync(CancellationToken.None));
    }

    [ContractFact]
    public async Task a_token_is_revoked_once()
    {
        await store.Tokens.AddAsync(Token("ci-7", 1), CancellationToken.None);

        Assert.True(await store.Tokens.RevokeAsync("ci-7", At, CancellationToken.None));
        Assert.False(await store.Tokens.RevokeAsync("ci-7", At.AddDays(1), CancellationToken.None));
        Assert.False(await store.Tokens.RevokeAsync("nobody", At, CancellationToken.None));

        var found = await store.Tokens.FindAsync(Token("ci-7", 1).Sha256, CancellationToken.None);
        Assert.Equal(At, found!.RevokedAt);
    }

    [ContractFact]
    public async Task of_those_who_add_the_first_token_at_once_one_wins()
    {
        var added = await Task.WhenAll(Enumerable.Range(1, 20).Select(
            i => store.Tokens.AddFirstAsync(Token($"admin-{i}", (byte)i), CancellationToken.None))).OrHung();

        Assert.Equal(1, added.Count(first => first));
        Assert.Single(await store.Tokens.ListAsync(CancellationToken.None));
    }

    [ContractFact]
    public async Task a_store_whose_only_token_was_revoked_had_its_first_one()
    {
        await store.Tokens.AddAsync(Token("ci-7", 1), CancellationToken.None);
        await store.Tokens.RevokeAsync("ci-7", At, CancellationToken.None);
        Assert.False(await store.Tokens.AddFirstAsync(Token("admin", 2), CancellationToken.None));
    }

    [ContractFact]
    public async Task tokens_are_listed_by_name()
    {
        foreach (var (name, i) in new[] { "b", "a", "C" }.Select((name, i) => (name, i)))
        {
            await store.Tokens.AddAsync(Token(name, (byte)i), CancellationToken.None);
        }

        var names = (await store.Tokens.ListAsync(CancellationToken.None)).Select(token => token.Name);

        Assert.Equal(["C", "a", "b"], names);
    }

    private static TokenRow Token(string name, byte hash) =>
        new(name, [.. Enumerable.Repeat(hash, 32)], ["ingest", "read"], "ann", Source: null, TokenBounds.None, At, "admin");
}

public sealed class SqliteStoreContract : StoreContract
{
    protected override Task<IStorePlace> PlaceAsync() => Task.FromResult<IStorePlace>(new SqlitePlace());
}

[NeedsPostgres]
public sealed class PostgresStoreContract : StoreContract
{
    protected override async Task<IStorePlace> PlaceAsync() => await PostgresPlace.CreateAsync();
}
