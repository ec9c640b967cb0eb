using System.IO.Compression;
using Audit.Integrity.Tests.Support;

namespace Audit.Integrity.Tests.Bundles;

public sealed class BundleTests : IAsyncLifetime
{
    private const int Rows = 600;

    private readonly SqliteBook book = new();

    private string Path => book.PathOf("bundle.zip");

    public async Task InitializeAsync()
    {
        await book.AppendAsync(300);
        await book.SkipPositionAsync();
        await book.AppendAsync(Rows - 300);
        await book.SealAsync();
        await book.AppendAsync(7);
        await LogBundle.ExportAsync(book.Address, Path, Book.Entries, null, CancellationToken.None);
    }

    public async Task DisposeAsync() => await book.DisposeAsync();

    [Fact]
    public async Task a_bundle_verifies_without_the_store()
    {
        var integrity = (await VerifyAsync(new VerifyOptions())).Integrity;
        Assert.Empty(integrity.Faults);
        Assert.Equal((Rows, Rows, KeyTrust.Enclosed), (integrity.Rows, integrity.Size, integrity.KeyTrust));
        Assert.Equal(KeyTrust.Given, (await VerifyAsync(new VerifyOptions { TrustedKey = book.Keys.Find()!.Key })).Integrity.KeyTrust);
    }

    [Fact]
    public void a_bundle_holds_the_files_of_the_specification_and_a_text()
    {
        using var bundle = ZipFile.OpenRead(Path);
        Assert.Equal(
            [
                "README.txt", "checkpoint", "keys.ndjson", "log.vkey", "logs.json", "rows.ndjson", "tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2",
                "tile/entries/000", "tile/entries/001", "tile/entries/002.p/88",
            ],
            bundle.Entries.Select(entry => entry.FullName).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("\"created\":638", "\"created\":639")]
    [InlineData("call|ci|s-1|c-400\"", "call|ci|s-1|c-4000\"")]
    [InlineData("\"deleted\":false", "\"deleted\":true")]
    public async Task a_row_changed_in_a_bundle_is_found(string from, string to)
    {
        await EditAsync(
            "rows.ndjson",
            text => string.Join('\n', text.Split('\n').Select(
                line => line.Contains("\"position\":401,", StringComparison.Ordinal) ? line.Replace(from, to) : line)));
        Assert.Equal(401, (await VerifyAsync(new VerifyOptions())).Integrity.FirstBadPosition);
    }

    [Fact]
    public async Task a_row_left_out_of_a_bundle_is_found()
    {
        await EditAsync(
            "rows.ndjson",
            text => string.Join('\n', text.Split('\n').Where(line => !line.Contains("\"position\":401,", StringComparison.Ordinal))));
        var fault = (await VerifyAsync(new VerifyOptions())).Integrity.Faults[0];
        Assert.Equal((IntegrityFaultKind.RowsMissing, 401L), (fault.Kind, fault.Position));
    }

    [Fact]
    public async Task a_bundle_under_another_key_is_found_by_who_knows_the_key()
    {
        var forger = Ed25519Signer.Generate("example.com/log");
        await EditAsync("log.vkey", _ => forger.Key + "\n");
        Assert.Equal(IntegrityFaultKind.NotSigned, (await VerifyAsync(new VerifyOptions())).Integrity.Faults[0].Kind);
        Assert.True((await VerifyAsync(new VerifyOptions { TrustedKey = book.Keys.Find()!.Key })).Integrity.IsIntact);
    }

    [Fact]
    public async Task what_is_wrong_with_the_store_is_exported_as_it_is()
    {
        await book.TamperAsync("UPDATE journal SET created = 1 WHERE ordering = 10");
        await LogBundle.ExportAsync(book.Address, Path, Book.Entries, null, CancellationToken.None);
        Assert.Equal(10, (await VerifyAsync(new VerifyOptions())).Integrity.FirstBadPosition);
    }

    [Fact]
    public async Task a_file_that_is_no_bundle_is_said_to_be_so()
    {
        await File.WriteAllTextAsync(Path, "hello");
        await Assert.ThrowsAsync<BundleException>(() => VerifyAsync(new VerifyOptions()));
        await Assert.ThrowsAsync<BundleException>(
            () => LogVerifier.VerifyBundleAsync(book.PathOf("nowhere.zip"), new VerifyOptions(), null, CancellationToken.None));
    }

    [Fact]
    public async Task a_store_without_a_log_makes_no_bundle()
    {
        await using var empty = new SqliteBook();
        await empty.AppendAsync(1);
        await Assert.ThrowsAsync<BundleException>(
            () => LogBundle.ExportAsync(empty.Address, Path, Book.Entries, null, CancellationToken.None));
    }

    [Fact]
    public async Task a_bundle_of_some_rows_has_the_entries_of_the_others_and_verifies()
    {
        await WriteAsync(new BundleScope("two calls", (stream, _) => stream.EndsWith("-7"u8) || stream.EndsWith("-307"u8)));
        var integrity = (await VerifyAsync(new VerifyOptions())).Integrity;
        Assert.Empty(integrity.Faults);
        using (var bundle = ZipFile.OpenRead(Path))
        {
            using var rows = new StreamReader(bundle.GetEntry("rows.ndjson")!.Open());
            var lines = (await rows.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(Rows - lines.Length, integrity.EntriesOnly);
            Assert.All(lines, line => Assert.Contains("7\"", line));
            // The salts of its own streams, and no others.
            Assert.Equal(lines.Length, lines.Count(line => line.Contains("\"salt\":\"")));
        }

        await EditAsync("rows.ndjson", text => text.Replace("\"created\":638", "\"created\":639"));
        Assert.Equal(IntegrityFaultKind.RowChanged, (await VerifyAsync(new VerifyOptions())).Integrity.Faults[0].Kind);
        await WriteAsync(new BundleScope("nothing", (_, _) => false));
        Assert.Equal(Rows, (await VerifyAsync(new VerifyOptions())).Integrity.EntriesOnly);
        await EditAsync("scope.txt", _ => "");
        Assert.Empty((await VerifyAsync(new VerifyOptions())).Integrity.Faults);
    }

    private async Task WriteAsync(BundleScope scope)
    {
        await using var file = File.Create(Path);
        await LogBundle.WriteAsync(book.Address, file, Book.Entries, scope, null, CancellationToken.None);
    }

    private Task<VerificationResult> VerifyAsync(VerifyOptions options) =>
        LogVerifier.VerifyBundleAsync(Path, options, null, CancellationToken.None);

    private async Task EditAsync(string name, Func<string, string> edit)
    {
        using var bundle = ZipFile.Open(Path, ZipArchiveMode.Update);
        string text;
        using (var reader = new StreamReader(bundle.GetEntry(name)!.Open()))
        {
            text = await reader.ReadToEndAsync();
        }

        bundle.GetEntry(name)!.Delete();
        await using var writer = new StreamWriter(bundle.CreateEntry(name).Open());
        await writer.WriteAsync(edit(text));
    }
}
