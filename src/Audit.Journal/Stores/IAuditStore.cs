using Audit.Journal.Sealing;
using Audit.Journal.Tokens;

namespace Audit.Journal.Stores;

/// <summary>An opened store: the journal and the few things beside it that all nodes share.</summary>
public interface IAuditStore : IAsyncDisposable
{
    /// <summary>The kind of store, `sqlite` or `postgres`.</summary>
    string Kind { get; }

    /// <summary>Where the store is, without any password, for a person to read.</summary>
    string Place { get; }

    /// <summary>The journal as it lies in the store, payloads sealed: for who writes it and who proves it.</summary>
    IJournal Journal { get; }

    /// <summary>The same journal with its payloads opened.</summary>
    IJournal Opened { get; }

    /// <summary>The keys that are not in the database.</summary>
    RowKeys Keys { get; }

    /// <summary>What makes events into rows of this store.</summary>
    BookSeal Seal { get; }

    /// <summary>The keyed hash by which this store knows records and values again.</summary>
    RecordHasher Hasher { get; }

    ITokenStore Tokens { get; }

    BrowserSessions BrowserSessions { get; }

    Sources Sources { get; }

    /// <summary>
    /// How large the journal is on a server, and what a server that crashed now would have to play back of its
    /// write-ahead log; null where the journal is a file.
    /// </summary>
    Task<(long Journal, long WriteAhead)?> SizesAsync(CancellationToken cancellation);
}
