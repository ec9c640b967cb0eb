using System.Data.Common;
using Audit.Node.CommandLine.Remote;
using Audit.Node.Configuration;

namespace Audit.Node.CommandLine.Verify;

/// <summary>Where a log is that is to be verified or exported.</summary>
internal abstract class LogPlace
{
    /// <summary>What is named on the command line goes before the environment, and a server before the store of the data directory.</summary>
    /// <exception cref="CommandException">More than one place was named.</exception>
    public static LogPlace Choose(string? bundle, GivenOptions given, bool namesServer, NodeLocator locator, NodeOptions options)
    {
        var namesStore = given[GivenOptions.Store]?.Where == "--store";
        if ((bundle is not null ? 1 : 0) + (namesStore ? 1 : 0) + (namesServer ? 1 : 0) > 1)
        {
            throw CommandException.WrongUse("--bundle, --store and --server name different places; accepted is one of them.");
        }

        return bundle is not null ? new BundlePlace(bundle)
            : !namesStore && locator.HasServer ? new ServerPlace(locator)
            : new StorePlace(options);
    }

    /// <exception cref="CommandException">It could not be verified; nothing is said about the log then.</exception>
    public Task<VerificationResult> VerifyAsync(VerifyOptions trust, Surroundings surroundings, CancellationToken cancellation) =>
        WithSentencesAsync(() => VerifyThereAsync(trust, surroundings, cancellation));

    /// <exception cref="CommandException">It could not be exported.</exception>
    public async Task ExportAsync(string path, Surroundings surroundings, CancellationToken cancellation) =>
        await WithSentencesAsync(async () =>
        {
            await ExportThereAsync(path, surroundings, cancellation);
            return path;
        });

    protected abstract Task<VerificationResult> VerifyThereAsync(
        VerifyOptions trust, Surroundings surroundings, CancellationToken cancellation);

    protected abstract Task ExportThereAsync(string path, Surroundings surroundings, CancellationToken cancellation);

    private static async Task<T> WithSentencesAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception failure) when (failure is LogKeyException or NoteFormatException)
        {
            throw CommandException.WrongUse(failure.Message);
        }
        catch (LogDamagedException damaged)
        {
            throw new CommandException(ExitCode.VerificationFailed, damaged.Message);
        }
        catch (Exception failure) when (failure
            is BundleException or DbException or IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw CommandException.Failed($"It could not be read to its end: {failure.Message}");
        }
    }
}
