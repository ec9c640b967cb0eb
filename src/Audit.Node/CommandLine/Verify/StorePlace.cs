using Audit.Node.Configuration;

namespace Audit.Node.CommandLine.Verify;

/// <summary>
/// A store that can be opened from here. The key and the last checkpoint of the data directory are believed before those
/// in the store: whoever forged the store had to forge them too.
/// </summary>
internal sealed class StorePlace(NodeOptions options) : LogPlace
{
    private const string Sqlite = "sqlite:";

    protected override Task<VerificationResult> VerifyThereAsync(
        VerifyOptions trust, Surroundings surroundings, CancellationToken cancellation)
    {
        RequireStore();
        var all = trust with { KeyFile = options.LogKeyFile, CheckpointFile = options.CheckpointFile };
        return RowsBar.ShowAsync(
            surroundings, "rows verified",
            progress => LogVerifier.VerifyStoreAsync(options.Store, all, progress, cancellation));
    }

    protected override Task ExportThereAsync(string path, Surroundings surroundings, CancellationToken cancellation)
    {
        RequireStore();
        return RowsBar.ShowAsync(
            surroundings, "rows exported",
            async progress =>
            {
                await LogBundle.ExportAsync(options.Store, path, progress, cancellation);
                return path;
            });
    }

    private void RequireStore()
    {
        if (options.Store.StartsWith(Sqlite, StringComparison.Ordinal) && !File.Exists(options.Store[Sqlite.Length..]))
        {
            throw CommandException.WrongUse($"There is no store {options.Store}.");
        }
    }
}
