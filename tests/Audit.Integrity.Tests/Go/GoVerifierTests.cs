using System.IO.Compression;
using Audit.Integrity.Tests.Support;

namespace Audit.Integrity.Tests.Go;

/// <summary>A verifier that no one here wrote reads our logs, and says no when it should.</summary>
public sealed class GoVerifierTests : IAsyncLifetime
{
    private const int Rows = 66_000;

    private readonly SqliteBook book = new();
    private readonly TemporaryDirectory built = new();

    public async Task InitializeAsync()
    {
        if (GoProgram.Unavailable is not null)
        {
            return;
        }

        await using var store = await book.OpenAsync();
        for (var written = 0; written < Rows; written += 6_000)
        {
            await book.AppendAsync(store, 6_000);
        }
    }

    public async Task DisposeAsync()
    {
        await book.DisposeAsync();
        built.Dispose();
    }

    [GoFact]
    public async Task golangs_note_and_tlog_packages_verify_a_bundle_of_more_than_65536_entries_and_a_served_log()
    {
        await book.SealAsync();
        var program = GoProgram.Build(built);
        var key = book.Keys.Find()!.Key.ToString();
        var bundle = Export();
        Assert.Equal((0, $"ok {Rows}\n"), GoProgram.Run(program, bundle, key));
        Assert.Equal((0, $"ok {Rows}\n"), GoProgram.Run(program, await ServeAsync(), key));

        Assert.Equal(1, GoProgram.Run(program, bundle, Ed25519Signer.Generate("example.com/log").Key.ToString()).Code);
        var entries = Path.Combine(bundle, "tile", "entries", "100");
        var content = await File.ReadAllBytesAsync(entries);
        content[^3] ^= 1;
        await File.WriteAllBytesAsync(entries, content);
        Assert.Contains("do not lead to the signed root", GoProgram.Run(program, bundle, key).Output, StringComparison.Ordinal);
    }

    private string Export()
    {
        var file = book.PathOf("bundle.zip");
        var directory = book.PathOf("bundle");
        LogBundle.ExportAsync(book.Address, file, Book.Entries, null, CancellationToken.None).GetAwaiter().GetResult();
        ZipFile.ExtractToDirectory(file, directory);
        return directory;
    }

    /// <summary>Fetches every file as a client of a node would.</summary>
    private async Task<string> ServeAsync()
    {
        var directory = book.PathOf("served");
        await using var store = await book.OpenAsync();
        await using var log = await book.OpenLogAsync(store);
        await FetchAsync(log, directory, "checkpoint");
        for (var level = TilePath.Entries; level <= 2; level++)
        {
            for (var number = 0L; TileShape.CountIn(Rows, Math.Max(level, 0), number) is > 0 and var count; number++)
            {
                await FetchAsync(log, directory, new TilePath(level, number, count).ToString());
            }
        }
        return directory;
    }

    private static async Task FetchAsync(TamperEvidentLog log, string directory, string path)
    {
        var file = await log.Reader.ReadAsync(path, CancellationToken.None);
        var target = Path.Combine(directory, path);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        await File.WriteAllBytesAsync(target, file!.Content);
    }
}
