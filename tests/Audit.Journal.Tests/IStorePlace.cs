namespace Audit.Journal.Tests;

/// <summary>Where the store of one test lies.</summary>
public interface IStorePlace : IAsyncDisposable
{
    Task<IAuditStore> OpenAsync();
}
