namespace Audit.Node.CommandLine.Verify;

/// <summary>A bundle in a file.</summary>
internal sealed class BundlePlace(string path) : LogPlace
{
    protected override Task<VerificationResult> VerifyThereAsync(
        VerifyOptions trust, Surroundings surroundings, CancellationToken cancellation) =>
        RowsBar.ShowAsync(
            surroundings, "rows verified", progress => LogVerifier.VerifyBundleAsync(path, trust, progress, cancellation));

    protected override Task ExportThereAsync(string path, Surroundings surroundings, CancellationToken cancellation) =>
        throw new NotSupportedException("A bundle is exported already.");
}
