namespace Audit.Load.Stores;

/// <summary>Makes stores of one kind.</summary>
internal interface IStoreSource : IAsyncDisposable
{
    string Kind { get; }

    /// <summary>The name and version of the database.</summary>
    Task<string> DescribeAsync();

    /// <summary>Makes the template that every store is copied from, with so many rows in it.</summary>
    Task PrepareAsync(int rows, Action<string> report);

    Task<LoadStore> MakeAsync();
}
