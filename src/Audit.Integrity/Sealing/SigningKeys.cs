namespace Audit.Integrity.Sealing;

/// <summary>Who of those whose keys this node has signs a log.</summary>
internal sealed class SigningKeys(ILogKeyring keys, SealerOptions options)
{
    /// <summary>The log's own, and for a while those before it. None where this node lacks the log's.</summary>
    /// <exception cref="LogKeyException">There is a key, and it cannot be used.</exception>
    public IReadOnlyList<ILogSigner> Of(LogRecord log)
    {
        if (keys.Find(log.Key) is not { } current)
        {
            return [];
        }

        var since = options.Clock.GetUtcNow() - options.BothSign;
        return [current, .. log.Chain.Rotations.Where(one => one.At > since).Select(FindOld).OfType<ILogSigner>()];
    }

    public SealerStatus Lacking(LogRecord log) => new(
        SealerState.Elsewhere,
        keys.Find() is { } other && other.Key.Name == log.Origin
            ? $"The key {other.Key} of this node is not the log's {log.Key}, and nothing introduced it: a key takes "
                + "the place of another by \"audit log rotate-key\" alone."
            : $"This node does not have the key of the log \"{log.Origin}\".");

    // The new key stands for itself: that the old one is away is shown wherever the log is, and keeps nothing up.
    private ILogSigner? FindOld(KeyRotation rotation)
    {
        try
        {
            return keys.Find(rotation.OldKey);
        }
        catch (LogKeyException failure)
        {
            options.Failures.Report("key before the log's", failure);
            return null;
        }
    }
}

/// <summary>Work that goes on side by side until one part of it ends or fails.</summary>
internal static class Together
{
    public static async Task RunAsync(CancellationToken cancellation, params Func<CancellationToken, Task>[] parts)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var running = parts.Select(part => part(stop.Token)).ToList();
        var first = await Task.WhenAny(running);
        await stop.CancelAsync();
        await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }
}
