namespace Audit.Journal.Tests;

/// <summary>An address that cannot be understood is refused with what is accepted, and never repeated: it may hold a password.</summary>
public sealed class StoreAddressTests
{
    [Theory]
    [InlineData("mysql:Host=x;Password=s3cret")]
    [InlineData("Host=x;Password=s3cret")]
    [InlineData("sqlite:")]
    [InlineData("postgres:")]
    [InlineData("")]
    public async Task an_unknown_kind_of_store_is_refused(string address)
    {
        var failure = await RefusalAsync(address);
        Assert.Contains("accepted is sqlite:PATH or postgres:CONNECTION STRING", failure.Message);
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
        var failure = await Assert.ThrowsAsync<StoreException>(() => AuditStore.OpenAsync(address, CancellationToken.None));
        Assert.DoesNotContain("s3cret", failure.ToString());
        return failure;
    }
}
