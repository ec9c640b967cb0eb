namespace Audit.Integrity.Tests.Support;

/// <summary>Tests that every store must pass, each with a book of its own.</summary>
public abstract class BookTests : IAsyncLifetime
{
    protected Book Book { get; private set; } = null!;

    public async Task InitializeAsync() => Book = await CreateAsync();

    public async Task DisposeAsync() => await Book.DisposeAsync();

    protected abstract Task<Book> CreateAsync();
}
