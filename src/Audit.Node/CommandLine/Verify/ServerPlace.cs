using Audit.Node.CommandLine.Remote;

namespace Audit.Node.CommandLine.Verify;

/// <summary>A node elsewhere, which gives its log as a bundle.</summary>
internal sealed class ServerPlace(NodeLocator locator) : LogPlace
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    protected override async Task<VerificationResult> VerifyThereAsync(
        VerifyOptions trust, Surroundings surroundings, CancellationToken cancellation)
    {
        var path = Path.Combine(Path.GetTempPath(), $"audit-{Guid.NewGuid():N}.zip");
        try
        {
            await DownloadAsync(path, cancellation);
            return await new BundlePlace(path).VerifyAsync(trust, surroundings, cancellation);
        }
        finally
        {
            File.Delete(path);
        }
    }

    protected override async Task ExportThereAsync(string path, Surroundings surroundings, CancellationToken cancellation)
    {
        var partial = path + ".part";
        try
        {
            File.Delete(partial);
            await DownloadAsync(partial, cancellation);
            File.Move(partial, path, overwrite: true);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    private async Task DownloadAsync(string path, CancellationToken cancellation)
    {
        using var client = await locator.FindAsync(cancellation);
        using var request = new HttpRequestMessage(HttpMethod.Get, "v1/log/bundle");
        using var answer = await client.RequireAsync(request, cancellation);
        try
        {
            await using var file = Create(path);
            await answer.Content.CopyToAsync(file, cancellation);
        }
        catch (HttpRequestException failure)
        {
            throw CommandException.Failed($"{client.Server} broke off while it gave its log: {failure.Message}");
        }
    }

    // All that the agents did is in it.
    private static FileStream Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        return new FileStream(path, options);
    }
}
