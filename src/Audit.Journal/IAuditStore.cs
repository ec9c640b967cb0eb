using Audit.Journal.Tokens;

namespace Audit.Journal;

/// <summary>An opened store: the journal and the few things beside it that all nodes share.</summary>
public interface IAuditStore : IAsyncDisposable
{
    /// <summary>The kind of store, `sqlite` or `postgres`.</summary>
    string Kind { get; }

    /// <summary>Where the store is, without any password, for a person to read.</summary>
    string Place { get; }

    IJournal Journal { get; }

    ITokenStore Tokens { get; }

    BrowserSessions BrowserSessions { get; }

    Sources Sources { get; }

    /// <summary>The store's secret of that name, made from the given random bytes by whoever asks first.</summary>
    Task<byte[]> SecretAsync(string name, ReadOnlyMemory<byte> ifAbsent, CancellationToken cancellation);
}
