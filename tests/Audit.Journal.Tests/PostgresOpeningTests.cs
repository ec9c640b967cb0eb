using Npgsql;

namespace Audit.Journal.Tests;

/// <summary>A PostgreSQL store opens, or says in a sentence why not.</summary>
public sealed class PostgresOpeningTests : IAsyncLifetime
{
    private PostgresPlace place = null!;

    public async Task InitializeAsync() => place = await PostgresPlace.CreateAsync();

    public async Task DisposeAsync() => await place.DisposeAsync();

    [PostgresFact]
    public async Task many_nodes_may_open_an_empty_database_at_once()
    {
        var stores = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => place.OpenAsync()));
        // What the first one made of the store holds for all.
        Assert.Single(stores.Select(store => store.Hasher.OfBytes("a value"u8)).Distinct());
        foreach (var store in stores)
        {
            await store.DisposeAsync();
        }

        Assert.Equal(2L, await place.ExecuteAsync("SELECT count(*) FROM meta"));
        var scripts = typeof(AuditStore).Assembly.GetManifestResourceNames().LongCount(name => name.Contains(".Postgres.Scripts."));
        Assert.Equal(scripts, await place.ExecuteAsync("SELECT count(*) FROM schema_version"));
    }

    [PostgresFact]
    public async Task its_place_is_told_without_secrets()
    {
        await using var store = await place.OpenAsync();
        var settings = new NpgsqlConnectionStringBuilder(place.Database.ConnectionString);
        Assert.Equal($"{settings.Host}:{settings.Port}/{place.Database.Name}", store.Place);
        Assert.Equal("postgres", store.Kind);
    }

    [PostgresFact]
    public async Task keepalives_are_asked_of_a_server_in_the_network()
    {
        var use = new PostgresUse("", (_, failure) => failure);
        await using var pool = new PostgresPool(place.Database.ConnectionString, use);
        await using var connection = await pool.OpenAsync(CancellationToken.None);
        Assert.Equal("3", await connection.ScalarAsync("SHOW tcp_keepalives_idle", CancellationToken.None));
        Assert.Equal("8000", await connection.ScalarAsync("SHOW tcp_user_timeout", CancellationToken.None));
        Assert.Equal(
            "10s", await connection.ScalarAsync("SHOW idle_in_transaction_session_timeout", CancellationToken.None));
    }

    [PostgresFact]
    public async Task a_server_is_reached_over_its_socket_file_too()
    {
        var folders = (string)(await place.ExecuteAsync("SHOW unix_socket_directories"))!;
        var settings = new NpgsqlConnectionStringBuilder(place.Database.ConnectionString)
        {
            Host = folders.Split(',')[0],
        };
        await using var store = await AuditStore.OpenAsync(
            $"postgres:{settings.ConnectionString}", TestKeys.Given, CancellationToken.None);
        Assert.Equal(0, await store.Journal.LastPositionAsync(CancellationToken.None));
    }

    [PostgresFact]
    public async Task a_database_of_a_newer_program_is_refused()
    {
        await (await place.OpenAsync()).DisposeAsync();
        await place.ExecuteAsync("INSERT INTO schema_version VALUES (99, '099_future', now())");

        var refusal = await RefusalAsync(place.Database.ConnectionString);

        Assert.Contains("schema version 99", refusal);
        Assert.Contains("newer program", refusal);
    }

    [PostgresFact]
    public async Task a_table_named_journal_that_is_not_ours_is_refused_and_left_alone()
    {
        await place.ExecuteAsync("CREATE TABLE journal (x int)");
        Assert.Contains("\"journal\" already exists", await RefusalAsync(place.Database.ConnectionString));
        Assert.Equal(DBNull.Value, await place.ExecuteAsync("SELECT to_regclass('schema_version')::text"));
    }

    [PostgresFact]
    public async Task a_wrong_password_or_database_or_port_is_told_without_the_password()
    {
        var settings = new NpgsqlConnectionStringBuilder(place.Database.ConnectionString);
        string[] wrong =
        [
            new NpgsqlConnectionStringBuilder($"{settings}") { Username = "nobody_we_know", Password = "s3cret" }.ConnectionString,
            new NpgsqlConnectionStringBuilder($"{settings}") { Database = "no_such_database", Password = settings.Password }.ConnectionString,
            new NpgsqlConnectionStringBuilder($"{settings}") { Port = 1, Password = "s3cret" }.ConnectionString,
        ];
        foreach (var connection in wrong)
        {
            var refusal = await RefusalAsync(connection);
            Assert.Contains("cannot be opened", refusal);
            Assert.DoesNotContain("s3cret", refusal);
        }
    }

    [PostgresFact]
    public async Task a_database_that_does_not_wait_for_the_disk_is_overruled()
    {
        await place.ExecuteAsync($"ALTER DATABASE {place.Database.Name} SET synchronous_commit = off");
        await using var store = await place.OpenAsync();
        await place.ExecuteAsync("""
            CREATE TABLE seen (setting text);
            CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO seen VALUES (current_setting('synchronous_commit'));
                RETURN NULL;
            END $$;
            CREATE TRIGGER see AFTER INSERT ON journal FOR EACH STATEMENT EXECUTE FUNCTION see();
            CREATE TRIGGER see AFTER INSERT ON tokens FOR EACH STATEMENT EXECUTE FUNCTION see();
            """);

        foreach (var company in Rows.FewAndMany)
        {
            await store.AppendAsync([.. Rows.Neighbours(1 + company)]);
        }

        await store.Tokens.AddAsync(
            new TokenRow("t", new byte[32], ["read"], "ann", null, TokenBounds.None, DateTimeOffset.UnixEpoch, "admin"), CancellationToken.None);

        Assert.Equal("on on on", await place.ExecuteAsync("SELECT string_agg(setting, ' ') FROM seen"));
    }

    [PostgresFact]
    public async Task a_database_whose_transactions_see_only_their_beginning_is_overruled()
    {
        await place.ExecuteAsync($"ALTER DATABASE {place.Database.Name} SET default_transaction_isolation = 'serializable'");
        await using var store = await place.OpenAsync();
        foreach (var company in Rows.FewAndMany)
        {
            await using var foreign = await place.ConnectAsync();
            await foreign.ExecuteAsync("BEGIN ISOLATION LEVEL READ COMMITTED");
            await foreign.InsertForeignAsync($"call|{company}");
            var handle = Rows.Handle($"call|{company}");
            var append = store.AppendAsync([Rows.Row(handle, 2), .. Rows.Neighbours(company)]);
            for (var looks = 0; looks < 3000 && await NobodyWaitsAsync(); looks++)
            {
                await Task.Delay(10);
            }

            await foreign.ExecuteAsync("COMMIT");
            await append.OrHung();
            Assert.False(handle.Lost);
        }
    }

    private async Task<bool> NobodyWaitsAsync() =>
        await place.ExecuteAsync("SELECT count(*) FROM pg_locks WHERE NOT granted") is 0L;

    private static async Task<string> RefusalAsync(string connection) =>
        (await Assert.ThrowsAsync<StoreException>(
            () => AuditStore.OpenAsync($"postgres:{connection}", TestKeys.Given, CancellationToken.None))).Message;
}
