namespace Audit.Journal.Tests.Storage;

/// <summary>
/// An address that cannot be understood is refused with what is accepted, and never repeated: it may hold a password.
/// </summary>
public sealed class StoreAddressTests
{
    [Theory]
    [InlineData("sqlite:./a/journal.db", true, "./a/journal.db")]
    [InlineData("sqlite:C:/a/journal.db", true, "C:/a/journal.db")]
    [InlineData("postgres:Host=x;Password=a:b", false, "Host=x;Password=a:b")]
    public void an_address_says_the_kind_of_store_and_its_place(string address, bool isSqlite, string place)
    {
        var read = StoreAddress.Parse(address);
        Assert.Equal((isSqlite, place), (read.IsSqlite, read.Place));
    }

    [Fact]
    public void an_address_is_shown_without_the_password() =>
        Assert.DoesNotContain("s3cret", StoreAddress.Parse("postgres:Host=x;Password=s3cret").ToString());

    [Fact]
    public void only_of_a_file_is_it_known_that_it_is_missing()
    {
        using var directory = new TemporaryDirectory();
        var path = directory.File("journal.db");
        Assert.True(StoreAddress.Parse($"sqlite:{path}").IsMissing);
        File.WriteAllText(path, "");
        Assert.False(StoreAddress.Parse($"sqlite:{path}").IsMissing);
        Assert.False(StoreAddress.Parse("postgres:Host=nowhere").IsMissing);
    }

    [Theory]
    [InlineData("mysql:Host=x;Password=s3cret")]
    [InlineData("Host=x;Password=s3cret")]
    [InlineData("sqlite:")]
    [InlineData("postgres:")]
    [InlineData("")]
    public async Task an_unknown_kind_of_store_is_refused(string address)
    {
        var failure = await RefusalAsync(address);
        Assert.Equal(
            "The store's address is not understood; accepted is sqlite:PATH or postgres:CONNECTION STRING.",
            failure.Message);
    }

    [Theory]
    [InlineData("postgres:Host=x;Password=s3cret;what=s3cret")]
    [InlineData("postgres:Host=x;Password=pre;s3cret")]
    [InlineData("postgres://me:s3cret@server/db")]
    [InlineData("postgres:Password=s3cret")]
    public async Task a_connection_string_that_cannot_be_read_is_refused(string address)
    {
        var failure = await RefusalAsync(address);
        Assert.Contains("accepted is Npgsql's form", failure.Message);
    }

    private static async Task<StoreException> RefusalAsync(string address)
    {
        var failure = await Assert.ThrowsAsync<StoreException>(
            () => AuditStore.OpenAsync(address, TestKeys.Given, CancellationToken.None));
        Assert.DoesNotContain("s3cret", failure.ToString());
        return failure;
    }
}
