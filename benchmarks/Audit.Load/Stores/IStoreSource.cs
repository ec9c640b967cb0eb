namespace Audit.Load.Stores;

/// <summary>Makes stores of one kind; who disposes of it throws away what they are copied from.</summary>
internal interface IStoreSource : IAsyncDisposable
{
    string Kind { get; }

    /// <summary>The name and version of the database.</summary>
    Task<string> DescribeAsync();

    /// <summary>Makes the template that every store is copied from, where there is none, and has rows written into it.</summary>
    Task PrepareAsync(Func<LoadStore, Task> fill);

    Task<LoadStore> MakeAsync();
}
